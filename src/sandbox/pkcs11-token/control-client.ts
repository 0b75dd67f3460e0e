import { connect } from 'node:net'
import type { ControlReply, ControlRequest, ObjectView } from './control-protocol.ts'
import { type Fault, parseFault } from './fault-script.ts'
import type { TokenStatistics } from './statistics.ts'

/** Its thread may be generating an RSA key, on a machine that does much else besides. */
const TIMEOUT_MS = 60_000

/** Speaks to a running token from any process of the same user. Every method throws where the token does not answer. */
export class TokenControl {
  readonly path: string

  constructor(path: string) {
    this.path = path
  }

  async request(request: ControlRequest): Promise<ControlReply> {
    const line = await new Promise<string>((resolve, reject) => {
      const socket = connect(this.path)
      let text = ''
      socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('the token does not answer')))
      socket.setEncoding('utf8')
      socket.on('connect', () => socket.write(`${JSON.stringify(request)}\n`))
      socket.on('data', (chunk: string) => {
        text += chunk
        if (text.endsWith('\n')) socket.end()
      })
      socket.on('error', reject)
      socket.on('close', () => resolve(text))
    })
    if (line === '') throw new Error('the token ended the control connection')
    const reply = JSON.parse(line) as ControlReply
    if (reply.error !== undefined) throw new Error(reply.error)
    return reply
  }

  async statistics(): Promise<TokenStatistics> {
    const { statistics } = await this.request({ do: 'statistics' })
    if (statistics === undefined) throw new Error('the token told no statistics')
    return statistics
  }

  async objects(): Promise<readonly ObjectView[]> {
    return (await this.request({ do: 'objects' })).objects ?? []
  }

  /** Replaces the fault script; each fault in the text form of `fault-script.ts`. */
  async setFaults(...faults: readonly string[]): Promise<readonly Fault[]> {
    const parsed = faults.map(parseFault)
    await this.request({ do: 'faults', faults })
    return parsed
  }
}
