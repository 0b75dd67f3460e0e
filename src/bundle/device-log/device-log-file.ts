/** What a bundle holds of a device's own log: readings before and after, and a signature of the attested key over the last digest. */
import { createPublicKey, verify } from 'node:crypto'
import { jsonMember } from '../../json-member.ts'
import { BundleFault } from '../bundle-fault.ts'
import { type LogEntry, readYubiHsm2Log, requireContinuation, type YubiHsm2Log } from './yubihsm2-log.ts'

/** Commands by which a key signs: SIGN PKCS1, PSS, ECDSA, EDDSA. */
const SIGN_COMMANDS: readonly number[] = [0x47, 0x55, 0x56, 0x6a]

export interface DeviceLogFile {
  readonly format: 'yubihsm2'
  readonly serial: string
  /** Object id of the attested key, `0x1234`. */
  readonly key: string
  /** Base64, as the device answered, in turn. Each reaches back to the one before. */
  readonly readings: readonly string[]
  /** By the attested key, SHA-256, over `signedText` of the last entry of a reading (its index). Base64. */
  readonly signature?: { readonly reading: number; readonly value: string }
}

/** What the attested key signs: no document, and no digest of one. */
export const signedText = (serial: string, key: string, { number, digest }: LogEntry): string =>
  `hsm-enroll device log\nYubiHSM 2 ${serial}\nkey ${key}\nentry ${number}\ndigest ${digest}\n`

/** The entry whose digest covers all before it. Throws BundleFault for an empty log. */
export function lastEntry({ entries }: YubiHsm2Log): LogEntry {
  const last = entries.at(-1)
  if (last === undefined) throw new BundleFault('the device log is empty')
  return last
}

/** Of the attested key, and what the journal and the attestation say of it. */
export interface LoggedKey {
  /** DER. */
  readonly spki: Uint8Array
  readonly location: string
  readonly serial?: string
}

/** What the log shows, in one line; `bound`: it shows the signature of the attested key over its own digest. */
export interface ShownByLog {
  readonly says: string
  readonly bound: boolean
}

/** Throws BundleFault where an entry is missing, changed or foreign, or the signature does not hold. */
export function verifyDeviceLog(json: unknown, key: LoggedKey): ShownByLog {
  const { serial, key: location, readings, signature } = read(json)
  if (key.serial !== undefined && serial !== key.serial)
    throw new BundleFault(`the log is of the device ${serial}, the attestation of ${key.serial}`)
  if (location !== key.location) throw new BundleFault(`it is about the key ${location}, the run about ${key.location}`)
  const logs = readings.map((reading) => readYubiHsm2Log(Buffer.from(reading, 'base64')))
  for (const [index, log] of logs.entries()) {
    const before = logs[index - 1]
    if (before !== undefined) requireContinuation(before, log)
  }
  const [first, latest] = [logs[0]?.entries[0], logs.at(-1)]
  if (first === undefined || latest === undefined) throw new BundleFault('the device log is empty')
  const entries = `entries ${first.number} to ${lastEntry(latest).number}, chained without a gap`
  if (signature === undefined) return { says: `${entries}; no key of the device signed it`, bound: false }
  const signed = logs[signature.reading]
  if (signed === undefined) throw new BundleFault('the reading that was signed is missing')
  const end = lastEntry(signed)
  const public_ = createPublicKey({ key: Buffer.from(key.spki), format: 'der', type: 'spki' })
  if (
    !verify('sha256', Buffer.from(signedText(serial, location, end)), public_, Buffer.from(signature.value, 'base64'))
  )
    throw new BundleFault('the attested key did not sign the last digest of this device log')
  const bound = logs.slice(signature.reading + 1).some((later) => showsSignature(later, end, location))
  return {
    bound,
    says: `${entries}; the attested key signed its last digest, ${bound ? 'and the log shows that signature' : 'but the log shows no signature: the device does not log that command'}`,
  }
}

function showsSignature({ entries }: YubiHsm2Log, end: LogEntry, location: string): boolean {
  const target = Number.parseInt(location, 16)
  return entries
    .slice(entries.findIndex(({ number }) => number === end.number) + 1)
    .some(
      ({ command, target: id, result }) =>
        SIGN_COMMANDS.includes(command) && id === target && result === (command | 0x80),
    )
}

function read(json: unknown): DeviceLogFile {
  const [serial, key, readings] = [jsonMember(json, 'serial'), jsonMember(json, 'key'), jsonMember(json, 'readings')]
  const isList = Array.isArray(readings) && readings.length <= 100 && readings.every((item) => typeof item === 'string')
  if (jsonMember(json, 'format') !== 'yubihsm2' || typeof serial !== 'string' || typeof key !== 'string' || !isList)
    throw new BundleFault('it is not a device log of a known format')
  const signature = jsonMember(json, 'signature')
  const [reading, value] = [jsonMember(signature, 'reading'), jsonMember(signature, 'value')]
  if (signature === undefined) return { format: 'yubihsm2', serial, key, readings }
  if (typeof reading !== 'number' || typeof value !== 'string') throw new BundleFault('its signature is malformed')
  return { format: 'yubihsm2', serial, key, readings, signature: { reading, value } }
}
