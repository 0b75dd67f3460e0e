/**
 * Loaded before every test file. The doubles generate RSA keys all day, which would take most of the time that the tests take: here a
 * pair comes out of a folder that all files of one run share, and is generated where it is not there yet. What the processes generate
 * that tests start is new all the same.
 */
import crypto, { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { rsaKeyOf } from './rsa-key-of.ts'

interface Options {
  readonly modulusLength?: number
  readonly publicExponent?: number
}
interface Pair {
  readonly publicKey: KeyObject
  readonly privateKey: KeyObject
}

const POOLED: readonly string[] = ['rsa-2048', 'rsa-3072', 'rsa-4096', 'dsa-2048', 'dsa-3072']
/** With any other option a pair is generated as usual. */
const PLAIN: Readonly<Record<string, readonly string[]>> = {
  rsa: ['modulusLength', 'publicExponent'],
  dsa: ['modulusLength', 'divisorLength'],
}

/**
 * What is there once in a process, which may run many test files, each of which loads this file anew: the real generators (a pool around
 * a pool would hand one key out under two numbers) and how many keys of a kind are out. No process gets a key twice: a forged root with
 * the key of the real one would be the real one.
 */
const OF_PROCESS = Symbol.for('hsm-enroll.test.pooled-keys')
interface OfProcess {
  readonly generateSync: typeof crypto.generateKeyPairSync
  readonly generate: typeof crypto.generateKeyPair
  readonly taken: Map<string, number>
}
const known = (process as { [OF_PROCESS]?: OfProcess })[OF_PROCESS]
const { generateSync, generate, taken } = known ?? {
  generateSync: crypto.generateKeyPairSync,
  generate: crypto.generateKeyPair,
  taken: new Map<string, number>(),
}
Object.assign(process, { [OF_PROCESS]: { generateSync, generate, taken } })

const run = process.env.HSM_ENROLL_TEST_RUN
const folder = run === undefined ? undefined : join(run, 'keys')

/** A pair of the pool, or undefined where the pool has none of this kind. */
function pooled(type: string, options: Options): Pair | undefined {
  const kind = `${type}-${options.modulusLength}`
  const plain = Object.keys(options).every((option) => PLAIN[type]?.includes(option))
  if (!POOLED.includes(kind) || !plain || (options.publicExponent ?? 65_537) !== 65_537) return undefined
  const count = taken.get(kind) ?? 0
  taken.set(kind, count + 1)
  const stored = (number: number): KeyObject => {
    const file = join(folder ?? '', `${kind}-${number}.pem`)
    return read(file) ?? keep(file, Reflect.apply(generateSync, crypto, [type, options]).privateKey)
  }
  const privateKey = type === 'rsa' ? rsaKeyOf(stored, count) : stored(count)
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
  const withCallback = promisify(generate)
  Object.assign(crypto, {
    generateKeyPairSync: (type: string, options: Options = {}): unknown =>
      pooled(type, options) ?? Reflect.apply(generateSync, crypto, [type, options]),
    // Every caller promisifies it.
    generateKeyPair: Object.assign(
      () => {
        throw new Error('test/pooled-keys.ts knows generateKeyPair only as promisify makes it')
      },
      {
        [promisify.custom]: async (type: string, options: Options = {}): Promise<unknown> =>
          pooled(type, options) ?? Reflect.apply(withCallback, crypto, [type, options]),
      },
    ),
  })
  syncBuiltinESMExports()
}
