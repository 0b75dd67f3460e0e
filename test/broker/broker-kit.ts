import { X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, request, type Server } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { type BrokerServer, type CallRecord, startBrokerServer } from '../../src/broker/broker-server.ts'
import { readBrokerSettings } from '../../src/broker/broker-settings.ts'
import { pinOf } from '../../src/broker/callers.ts'
import { OrderDesk } from '../../src/broker/order-desk.ts'
import type { OrderRequest } from '../../src/broker-client/messages.ts'
import { type Configuration, loadConfiguration } from '../../src/config/configuration.ts'
import { enroll } from '../../src/enrollment/enroll.ts'
import { completeOrderForm } from '../../src/enrollment/order-form.ts'
import { createRealServices } from '../../src/enrollment/real-services.ts'
import { RunFolder } from '../../src/enrollment/run-folder.ts'
import type { EnrollmentServices } from '../../src/enrollment/services.ts'
import { loopbackTlsIdentity, type TlsIdentity } from '../../src/sandbox/certificate-authority/tls-identity.ts'
import { type Rehearsal, type RehearsalOptions, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { type RunningYubiHsm2Double, startYubiHsm2Double } from '../../src/sandbox/yubihsm2/double.ts'
import { PERSONALITIES } from '../../src/sandbox/yubihsm2/personality.ts'

/** Who calls: a client certificate with its pin. */
export interface Identity extends TlsIdentity {
  readonly pin: string
}

export function newIdentity(): Identity {
  const identity = loopbackTlsIdentity()
  return { ...identity, pin: `sha256:${pinOf(new X509Certificate(identity.certificate))}` }
}

/** Found nowhere but where it belongs. */
export const LOGIN = { loginName: 'only-the-broker-has-this', loginPassword: 'nor-has-anybody-else-that' } as const

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  // biome-ignore lint/suspicious/noExplicitAny: a reply is looked at member by member
  readonly body: any
}

export interface Gate {
  url: string
  readonly passed: string[]
  loses: 'nothing' | 'request' | 'answer'
}

/** A device, a rehearsal CA, and brokers between them; hosts and people by their identities. */
export class BrokerKit {
  readonly folder: string
  readonly double: RunningYubiHsm2Double
  readonly rehearsal: Rehearsal
  readonly server = newIdentity()
  readonly calls: CallRecord[] = []
  readonly defects: unknown[] = []
  readonly #running: BrokerServer[] = []
  readonly #gates: Server[] = []

  private constructor(folder: string, double: RunningYubiHsm2Double, rehearsal: Rehearsal) {
    this.folder = folder
    this.double = double
    this.rehearsal = rehearsal
  }

  static async start(authority: RehearsalOptions['authority'] = {}): Promise<BrokerKit> {
    const folder = await mkdtemp(join(tmpdir(), 'broker-'))
    const double = await startYubiHsm2Double()
    const account = { credit: '1000000.00', ...LOGIN, ...authority.account }
    const options = {
      directory: folder,
      device: double,
      algorithm: 'P-256',
      authority: { ...authority, account },
    } as const
    return new BrokerKit(folder, double, await startRehearsal(options))
  }

  get serial(): string {
    return String(PERSONALITIES['2.4'].serial)
  }

  /** The broker's file: `more` is YAML behind its head. */
  settings(more: string) {
    return readBrokerSettings(`listen: 127.0.0.1:0\ncertificate: c.pem\nkey: file:k.pem\n${more}\n`)
  }

  /** A broker over the ledger of the folder `state`, in this process. */
  async broker(more: string, state = 'broker-state', services: Partial<EnrollmentServices> = {}): Promise<string> {
    const configuration = await this.brokerConfiguration(state)
    const desk = new OrderDesk({
      configuration,
      settings: this.settings(more),
      services: { ...this.services(join(this.folder, state)), ...services },
    })
    const server = await startBrokerServer({
      settings: this.settings(more),
      tls: this.server,
      desk,
      now: Date.now,
      onCall: (call) => this.calls.push(call),
      onDefect: (error) => this.defects.push(error),
    })
    this.#running.push(server)
    return server.url
  }

  /** Ends the broker that was started last. */
  async endBroker(): Promise<void> {
    await this.#running.pop()?.close()
  }

  brokerConfiguration(state = 'broker-state'): Promise<Configuration> {
    return loadConfiguration({
      profile: this.rehearsal.profile,
      env: {},
      flags: { stateDirectory: join(this.folder, state) },
    })
  }

  services(stateDirectory: string): EnrollmentServices {
    return createRealServices({ stateDirectory, reading: { env: {} }, observer: { step: () => undefined } })
  }

  /** What a host sends for a new key of the device. `change` is of the profile that its form is made from. */
  async request(change: Readonly<Record<string, string>> = {}, attempt = 'a1'.repeat(32)): Promise<OrderRequest> {
    const stateDirectory = join(this.folder, 'host-state')
    const flags = { ...change, stateDirectory }
    const configuration = await loadConfiguration({ profile: this.rehearsal.profile, env: {}, flags })
    const services = this.services(stateDirectory)
    const { id, record } = await enroll({ configuration, until: 'checked', another: true }, services)
    const folder = RunFolder.at(stateDirectory, id)
    const read = async (name: 'request' | 'attestation') => {
      const artefact = record[name]
      if (artefact === undefined) throw new Error(`the run has no ${name}`)
      return folder.readArtefact(artefact)
    }
    const csr = Buffer.from(
      Buffer.from(await read('request'))
        .toString('latin1')
        .replace(/-----[^-]+-----|\s/g, ''),
      'base64',
    )
    const material = {
      hsmType: 'YUBIHSM2',
      csr,
      attestation: await read('attestation'),
      runId: id,
      test: false,
    } as const
    const form = completeOrderForm(configuration, material)
    return { form, run: id, attempt, requestedBy: 'operator', version: '0.1.0' }
  }

  call(url: string, identity: Identity | undefined, method: string, path: string, body?: unknown): Promise<Reply> {
    const text = typeof body === 'string' ? body : JSON.stringify(body)
    return new Promise((done, failed) => {
      const call = request(
        `${url}${path}`,
        {
          method,
          ca: this.server.caCertificatePem,
          ...(identity === undefined ? {} : { key: identity.key, cert: identity.certificate }),
          headers: body === undefined ? {} : { 'content-type': 'application/json' },
          agent: false,
        },
        (reply) => {
          let answer = ''
          reply.setEncoding('utf8').on('data', (chunk: string) => {
            answer += chunk
          })
          reply
            .once('error', failed)
            .once('end', () =>
              done({ status: reply.statusCode ?? 0, headers: reply.headers, body: JSON.parse(answer) }),
            )
        },
      )
      call.once('error', failed).end(body === undefined ? undefined : text)
    })
  }

  /**
   * Between a host and a broker: notes in the clear all that passes, and loses what it is told to of the calls about orders: the request, or the answer.
   */
  async gate(url: string, identity: Identity): Promise<Gate> {
    const gate: Gate = { url: '', passed: [], loses: 'nothing' }
    const server = createServer({ key: this.server.key, cert: this.server.certificate }, async (message, reply) => {
      let text = ''
      for await (const chunk of message) text += String(chunk)
      const { method = '', url: path = '' } = message
      const loses = path.startsWith('/v1/orders') ? gate.loses : 'nothing'
      if (loses === 'request') return void reply.destroy()
      const answer = await this.call(url, identity, method, path, text === '' ? undefined : text)
      gate.passed.push(JSON.stringify(message.rawHeaders), path, text, JSON.stringify(answer))
      if (loses === 'answer') return void reply.destroy()
      reply.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body))
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    this.#gates.push(server)
    const address = server.address()
    gate.url = `https://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`
    return gate
  }

  /** A profile of a host, or a person: that of the rehearsal, with a broker in place of the login. */
  async hostProfile(name: string, url: string, identity: Identity): Promise<string> {
    const base = parse(await readFile(this.rehearsal.profile, 'utf8')) as Record<string, unknown>
    const { sectigo: _, ...rest } = base
    const broker = {
      url,
      ca: await this.write('broker-ca.pem', this.server.caCertificatePem),
      clientCertificate: await this.write(`${name}.pem`, identity.certificate),
      clientKey: `file:${await this.write(`${name}.key`, identity.key)}`,
      pollSeconds: '1',
    }
    return this.write(`${name}.yaml`, stringify({ ...rest, stateDirectory: join(this.folder, name), broker }))
  }

  /** Keys that were ordered for at the CA, by how often. */
  get orders(): number {
    return this.rehearsal.ca.orders.length
  }

  async write(name: string, content: string): Promise<string> {
    const file = join(this.folder, name)
    await writeFile(file, content, { mode: 0o600 })
    return file
  }

  async close(): Promise<void> {
    for (const server of this.#running) await server.close()
    for (const gate of this.#gates) await new Promise((done) => gate.close(done))
    await this.rehearsal.close()
    await rm(this.folder, { recursive: true })
  }
}
