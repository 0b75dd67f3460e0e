/**
 * Loaded before every test file. The doubles make RSA keys all day, which takes most of the time that the tests take: here a pair comes out
 * of a folder that all files of one run share, and is made where it is not there yet. What a device generates is made afresh all the
 * same (that is the asynchronous call), and so is everything in the processes that tests start.
 */
import crypto, { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'

interface Options {
  readonly modulusLength?: number
}

/** No process gets a key twice: a forged root with the key of the real one would be the real one. */
const POOLED: readonly string[] = ['rsa-2048', 'rsa-3072', 'rsa-4096', 'dsa-2048', 'dsa-3072']
/** With any other option a pair is made as usual. */
const PLAIN: Readonly<Record<string, readonly string[]>> = {
  rsa: ['modulusLength'],
  dsa: ['modulusLength', 'divisorLength'],
}

/**
 * What is there once in a process, which may run many test files, each of which loads this file anew: the real generator (a pool around
 * a pool would hand one key out under two numbers) and how many keys of a kind are out.
 */
const OF_PROCESS = Symbol.for('hsm-enroll.test.pooled-keys')
interface OfProcess {
  readonly generate: typeof crypto.generateKeyPairSync
  readonly taken: Map<string, number>
}
const known = (process as { [OF_PROCESS]?: OfProcess })[OF_PROCESS]
const { generate, taken } = known ?? { generate: crypto.generateKeyPairSync, taken: new Map<string, number>() }
Object.assign(process, { [OF_PROCESS]: { generate, taken } })

const run = process.env.HSM_ENROLL_TEST_RUN
const folder = run === undefined ? undefined : join(run, 'keys')

function pooled(kind: string, make: () => KeyObject): { publicKey: KeyObject; privateKey: KeyObject } {
  const count = taken.get(kind) ?? 0
  taken.set(kind, count + 1)
  const file = join(folder ?? '', `${kind}-${count}.pem`)
  const privateKey = read(file) ?? keep(file, make())
  return { privateKey, publicKey: createPublicKey(privateKey) }
}

function read(file: string): KeyObject | undefined {
  try {
    return createPrivateKey(readFileSync(file))
  } catch {
    return undefined
  }
}

/** Another process may be at it, too; the last one's stays. */
function keep(file: string, key: KeyObject): KeyObject {
  mkdirSync(folder ?? '', { recursive: true })
  const own = `${file}.${process.pid}`
  writeFileSync(own, key.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  renameSync(own, file)
  return key
}

if (folder !== undefined) {
  Object.assign(crypto, {
    generateKeyPairSync: (type: string, options: Options = {}): unknown => {
      const kind = `${type}-${options.modulusLength}`
      const plain = Object.keys(options).every((option) => PLAIN[type]?.includes(option))
      const make = () => Reflect.apply(generate, crypto, [type, options])
      return POOLED.includes(kind) && plain ? pooled(kind, () => make().privateKey) : make()
    },
  })
  syncBuiltinESMExports()
}
