/**
 * Serves a token in a worker thread: PKCS#11 modules block their caller, so the token must not live in the thread that calls.
 * Loaded in any other thread this module only tells its URL.
 */
import { isMainThread, parentPort, workerData } from 'node:worker_threads'
import type { TrustAnchor } from '../../trust-anchors/trust-anchor.ts'
import { serveControl } from './control-server.ts'
import { type Fault, readFaultScript } from './fault-script.ts'
import { loadPersonality, type PersonalityChoice } from './personalities/load-personality.ts'
import { TokenHost } from './token-host.ts'
import { TokenServer } from './token-server.ts'

export const tokenWorkerUrl = import.meta.url

const KIND = 'hsm-enroll-pkcs11-token'

export interface TokenWorkerData {
  readonly kind: typeof KIND
  readonly personality: PersonalityChoice
  readonly socketPath: string
  readonly controlPath: string
  /** JSON of `readFaultScript`. */
  readonly faultScript?: string
}

export const tokenWorkerData = (data: Omit<TokenWorkerData, 'kind'>): TokenWorkerData => ({ kind: KIND, ...data })

/** What the worker tells its parent: once it listens, or why it cannot. */
export type TokenWorkerMessage =
  | { readonly kind: 'listening'; readonly trustAnchors: readonly TrustAnchor[] }
  | { readonly kind: 'failed'; readonly message: string }

function isTokenWorkerData(data: unknown): data is TokenWorkerData {
  return typeof data === 'object' && data !== null && 'kind' in data && data.kind === KIND
}

async function serve(port: NonNullable<typeof parentPort>, data: TokenWorkerData): Promise<void> {
  const faults: readonly Fault[] = data.faultScript === undefined ? [] : readFaultScript(data.faultScript)
  const personality = await loadPersonality(data.personality)
  const host = new TokenHost(personality)
  host.faults.set(faults)
  const server = await TokenServer.listen(host, data.socketPath)
  const closeControl = await serveControl(server, data.controlPath)
  port.once('message', () => {
    void Promise.all([server.close(), closeControl()]).then(() => port.close())
  })
  const message: TokenWorkerMessage = { kind: 'listening', trustAnchors: personality.trustAnchors }
  port.postMessage(message)
}

if (!isMainThread && parentPort !== null && isTokenWorkerData(workerData)) {
  const port = parentPort
  serve(port, workerData).catch((error: unknown) => {
    const message: TokenWorkerMessage = {
      kind: 'failed',
      message: error instanceof Error ? error.message : String(error),
    }
    port.postMessage(message)
    port.close()
  })
}
