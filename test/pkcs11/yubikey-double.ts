import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { missingForPcscd } from '../../src/sandbox/piv-card/pcscd.ts'
import { runnableModule } from '../../src/sandbox/pkcs11-token/runnable-module.ts'
import type { TrustAnchor } from '../../src/trust-anchors/trust-anchor.ts'
import { type CardReply, type CardRequest, yubikeyDoubleUrl } from './yubikey-double-worker.ts'

export const YKCS11 = '/usr/lib/x86_64-linux-gnu/libykcs11.so.2'

export function yubikeyDoubleAvailable(): boolean {
  const missing = missingForPcscd()
  if (missing.length === 0) return true
  if (process.env.CI) throw new Error(`missing: ${missing.join(', ')}: run scripts/system-packages.sh`)
  process.stderr.write(`not run: needs ${missing.join(', ')}\n`)
  return false
}

/** A card (or two) in Debian's pcscd; this process's PC/SC calls lead to it until `close`. */
export class YubikeyDouble {
  readonly #worker: Worker
  readonly #folder: string
  readonly #before = process.env.PCSCLITE_CSOCK_NAME
  trustAnchors: readonly TrustAnchor[] = []
  readonly #runtimeBefore = process.env.XDG_RUNTIME_DIR

  private constructor(worker: Worker, folder: string) {
    this.#worker = worker
    this.#folder = folder
  }

  static async start(cards: Extract<CardRequest, { do: 'start' }>['cards']): Promise<YubikeyDouble> {
    const folder = mkdtempSync(join(tmpdir(), 'ykd-'))
    const worker = new Worker(await runnableModule(yubikeyDoubleUrl, folder), {
      env: { ...process.env, YUBIKEY_DOUBLE_WORKER: '1' },
    })
    const double = new YubikeyDouble(worker, folder)
    const { environment, trustAnchors = [] } = await double.ask({ do: 'start', cards })
    double.trustAnchors = trustAnchors
    Object.assign(process.env, environment, { XDG_RUNTIME_DIR: folder })
    return double
  }

  ask(request: CardRequest): Promise<CardReply> {
    return new Promise((resolve, reject) => {
      this.#worker.once('error', reject)
      this.#worker.once('message', (reply: CardReply) => {
        this.#worker.off('error', reject)
        if (reply.error === undefined) resolve(reply)
        else reject(new Error(reply.error))
      })
      this.#worker.postMessage(request)
    })
  }

  async close(): Promise<void> {
    await this.ask({ do: 'close' })
    await this.#worker.terminate()
    restore('PCSCLITE_CSOCK_NAME', this.#before)
    restore('XDG_RUNTIME_DIR', this.#runtimeBefore)
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function restore(name: string, value: string | undefined): void {
  if (value === undefined) delete process.env[name]
  else process.env[name] = value
}
