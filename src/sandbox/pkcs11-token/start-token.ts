import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { EnrollError } from '../../errors.ts'
import type { TrustAnchor } from '../../trust-anchors/trust-anchor.ts'
import { TokenControl } from './control-client.ts'
import type { PersonalityChoice } from './personalities/load-personality.ts'
import { runnableModule } from './runnable-module.ts'
import type { TokenWorkerMessage } from './token-worker.ts'

export interface TokenOptions {
  /** Exists and is private to this run; holds the sockets unless its path is too long for them. A `faults.json` in it is the first fault script. */
  readonly directory: string
  readonly personality: PersonalityChoice
}

export interface RunningToken {
  /** For the environment of whoever loads p11-kit-client.so. */
  readonly environment: { readonly P11_KIT_SERVER_ADDRESS: string }
  readonly socketPath: string
  readonly control: TokenControl
  readonly trustAnchors: readonly TrustAnchor[]
  /** Ends the token and everything it held; safe to call twice. */
  close(): Promise<void>
}

/** sun_path of Linux less its final zero; p11-kit-client cuts a longer path without a word. */
const MAX_SOCKET_PATH = 107
const CONTROL_SOCKET = 'control.sock'
/** A key generation under way may take as long; then the thread is ended by force. */
const CLOSE_TIMEOUT_MS = 3000

/** Starts a token in a worker thread. Throws EnrollError `sandbox.token`. */
export async function startToken({ directory, personality }: TokenOptions): Promise<RunningToken> {
  const sockets = fits(directory) ? directory : await mkdtemp(join(tmpdir(), 'pkcs11-'))
  const socketPath = join(sockets, 'pkcs11.sock')
  const controlPath = join(sockets, CONTROL_SOCKET)
  if (!fits(sockets)) throw failed(`the path of its socket is longer than ${MAX_SOCKET_PATH} bytes`)
  const script = join(directory, 'faults.json')
  const { tokenWorkerData, tokenWorkerUrl } = await import('./token-worker.ts')
  const worker = new Worker(await runnableModule(tokenWorkerUrl, directory), {
    workerData: tokenWorkerData({
      personality,
      socketPath,
      controlPath,
      ...(existsSync(script) ? { faultScript: await readFile(script, 'utf8') } : {}),
    }),
  })
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
  const removeSockets = async (): Promise<void> => {
    if (sockets !== directory) await rm(sockets, { recursive: true, force: true })
  }
  const trustAnchors = await listening(worker).catch(async (error: unknown) => {
    await worker.terminate()
    await removeSockets()
    throw error
  })
  // A caller that dies without closing must not be kept alive by its token.
  worker.unref()
  return {
    environment: { P11_KIT_SERVER_ADDRESS: `unix:path=${encodeURI(socketPath)}` },
    socketPath,
    control: new TokenControl(controlPath),
    trustAnchors,
    close: async () => {
      worker.ref()
      worker.postMessage('close')
      const patience = setTimeout(() => void worker.terminate(), CLOSE_TIMEOUT_MS)
      await ended
      clearTimeout(patience)
      await removeSockets()
    },
  }
}

const fits = (folder: string): boolean => Buffer.byteLength(join(folder, CONTROL_SOCKET)) <= MAX_SOCKET_PATH

const failed = (why: string): EnrollError =>
  new EnrollError('sandbox.token', `Could not start the virtual PKCS#11 token: ${why}.`, {
    remedy: 'Use a short private directory (TMPDIR), and look whether another token already uses it.',
  })

function listening(worker: Worker): Promise<readonly TrustAnchor[]> {
  return new Promise((resolve, reject) => {
    worker.once('message', (message: TokenWorkerMessage) => {
      if (message.kind === 'listening') resolve(message.trustAnchors)
      else reject(failed(message.message))
    })
    worker.once('error', (error) => reject(failed(error.message)))
    worker.once('exit', (code) => reject(failed(`its thread ended (${code})`)))
  })
}
