/** The keys of a token: listed, and deleted by their name. */
import type { ListedKey } from '../device.ts'
import { DeviceError } from '../device-error.ts'
import { destroyEach } from './destroy-objects.ts'
import {
  findByClass,
  identityTemplate,
  onlyOne,
  readIdentity,
  readSpki,
  spkiFromCertificate,
} from './find-key-objects.ts'
import { type KeyIdentity, keyLocation } from './token-key.ts'
import type { TokenSession } from './token-session.ts'

/** Every private key that the login may see; the public half where anything on the token has it. */
export function listKeys(session: TokenSession, locationOf: (identity: KeyIdentity) => string): readonly ListedKey[] {
  return findByClass(session, 'PRIVATE_KEY', {}).map((object): ListedKey => {
    const identity = readIdentity(session, object)
    const named = { location: locationOf(identity), label: identity.label }
    try {
      const publicKey = spkiOfPair(session, object, identity)
      return publicKey === undefined
        ? { ...named, unread: 'its public half is not on the token' }
        : { ...named, publicKey }
    } catch (error) {
      if (error instanceof DeviceError) return { ...named, unread: error.message }
      throw error
    }
  })
}

/** By the private key itself, its public half, or a certificate; undefined where none tells, or more than one would. */
function spkiOfPair(session: TokenSession, privateKey: Buffer, identity: KeyIdentity): Uint8Array | undefined {
  const own = readSpki(session, privateKey)
  if (own !== undefined) return own
  const [half, ...others] = exactly(session, 'PUBLIC_KEY', identity)
  return half === undefined || others.length > 0 ? spkiFromCertificate(session, identity) : readSpki(session, half)
}

/** Objects whose label and id are both the key's own, an empty one included: what only shares the label is another key. */
function exactly(
  session: TokenSession,
  objectClass: Parameters<typeof findByClass>[1],
  identity: KeyIdentity,
): readonly Buffer[] {
  const wanted = keyLocation(identity)
  return findByClass(session, objectClass, identity).filter(
    (object) => keyLocation(readIdentity(session, object)) === wanted,
  )
}

/**
 * Destroys both halves and the certificates of the one key that `name` (as `keyLocation` prints it) stands for. Throws DeviceError
 * `key.not-found` or `device.ambiguous`; a key that cannot be told must not cost another one.
 */
export function deleteKey(
  session: TokenSession,
  name: string,
  identity: Partial<KeyIdentity> | undefined,
  publicKey?: Uint8Array,
): void {
  if (identity === undefined || identityTemplate(identity).length === 0) {
    throw new DeviceError('key.not-found', `Could not read the name of the key to delete: "${name.slice(0, 80)}".`, {
      remedy: `Write it as hsm-enroll prints it: ${keyLocation({ label: 'NAME', id: Uint8Array.of(1) })}.`,
    })
  }
  const whole = { label: identity.label ?? '', id: identity.id ?? new Uint8Array() }
  const wanted = keyLocation(whole)
  const key = onlyOne(session, exactly(session, 'PRIVATE_KEY', whole), wanted)
  if (key === undefined) throw notFound(session, wanted, 'there is no such key')
  const found = publicKey === undefined ? undefined : spkiOfPair(session, key, whole)
  if (publicKey !== undefined && (found === undefined || !Buffer.from(found).equals(publicKey)))
    throw notFound(session, wanted, found === undefined ? 'its public half cannot be read' : 'another key has its name')
  destroyEach(session, () => exactly(session, 'CERTIFICATE', whole), `certificate of ${wanted}`)
  destroyEach(session, () => exactly(session, 'PUBLIC_KEY', whole), `public half of ${wanted}`)
  destroyEach(session, () => exactly(session, 'PRIVATE_KEY', whole), `key ${wanted}`)
}

const notFound = (session: TokenSession, name: string, why: string): DeviceError =>
  new DeviceError('key.not-found', `Could not delete the key ${name} on ${session.cryptoki.subject}: ${why}.`, {
    remedy: 'Specify it as `hsm-enroll keys list` prints it.',
  })
