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

/** As many keys of a kind before one comes again: more than any test has at once. DSA: parameters that take seconds. */
const RING: Readonly<Record<string, number>> = {
  'rsa-2048': 24,
  'rsa-3072': 12,
  'rsa-4096': 8,
  'dsa-2048': 2,
  'dsa-3072': 2,
}
/** With any other option a pair is made as usual. */
const PLAIN: Readonly<Record<string, readonly string[]>> = {
  rsa: ['modulusLength'],
  dsa: ['modulusLength', 'divisorLength'],
}

const generate = crypto.generateKeyPairSync
const run = process.env.HSM_ENROLL_TEST_RUN
const folder = run === undefined ? undefined : join(run, 'keys')
const taken = new Map<string, number>()
const known = new Map<string, KeyObject>()

function pooled(kind: string, ring: number, make: () => KeyObject): { publicKey: KeyObject; privateKey: KeyObject } {
  const count = taken.get(kind) ?? 0
  taken.set(kind, count + 1)
  const file = join(folder ?? '', `${kind}-${count % ring}.pem`)
  const privateKey = known.get(file) ?? read(file) ?? keep(file, make())
  known.set(file, privateKey)
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
      const ring = RING[kind]
      const plain = Object.keys(options).every((option) => PLAIN[type]?.includes(option))
      const make = () => Reflect.apply(generate, crypto, [type, options])
      return ring === undefined || !plain ? make() : pooled(kind, ring, () => make().privateKey)
    },
  })
  syncBuiltinESMExports()
}
