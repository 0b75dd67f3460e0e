/** The issuers of certificates, on the token beside them: Java and NSS look for a chain there, by its subjects. */
import { createHash, X509Certificate } from 'node:crypto'
import { DeviceError } from '../device-error.ts'
import { certificateTemplate, createObject, type StoredCertificate, storedCertificates } from './certificate-objects.ts'
import { destroyEach } from './destroy-objects.ts'
import { CKA } from './pkcs11-constants.ts'
import { readAttribute } from './token-objects.ts'
import type { TokenSession } from './token-session.ts'

/** Nobody else's certificate has this label with its own digest in it: what has it may be removed again. */
const labelOf = (der: Uint8Array): string =>
  `issuer ${createHash('sha256').update(der).digest('hex').slice(0, 12)} (hsm-enroll)`

/** Certificates (DER) that are on the token under any label stay as they are. Returns how many it stored. Throws DeviceError. */
export async function storeIssuers(session: TokenSession, issuers: readonly Uint8Array[]): Promise<number> {
  let stored = 0
  for (const der of issuers) {
    if (isThere(session, der)) continue
    const label = labelOf(der)
    // No key has this id: programs that go from a key to its certificate by CKA_ID must not meet the issuer.
    const id = createHash('sha256').update(label).digest().subarray(0, 20)
    createObject(session, await certificateTemplate(id, der, label), label)
    if (!isThere(session, der)) throw notThere(session)
    stored++
  }
  return stored
}

/**
 * Removes what `storeIssuers` stored, as far as it issued no other certificate on the token. What cannot be read may need any of them.
 * Returns how many it removed. Throws DeviceError.
 */
export function removeUnusedIssuers(session: TokenSession): number {
  let removed = 0
  for (;;) {
    const all = storedCertificates(session, {})
    const unused = all.find((one) => isOurs(session, one) && !all.some((other) => mayNeed(other, one)))
    if (unused === undefined) return removed
    const { der } = unused
    const find = (): readonly Buffer[] =>
      storedCertificates(session, {})
        .filter((one) => one.der.equals(der) && isOurs(session, one))
        .map(({ object }) => object)
    destroyEach(session, find, labelOf(der))
    removed++
  }
}

const isThere = (session: TokenSession, der: Uint8Array): boolean =>
  storedCertificates(session, {}).some((one) => one.der.equals(der))

const isOurs = (session: TokenSession, { object, der }: StoredCertificate): boolean =>
  readAttribute(session, object, CKA.LABEL)?.toString('utf8') === labelOf(der)

function mayNeed(other: StoredCertificate, issuer: StoredCertificate): boolean {
  if (other.der.equals(issuer.der)) return false
  try {
    return new X509Certificate(other.der).checkIssued(new X509Certificate(issuer.der))
  } catch {
    return true
  }
}

const notThere = ({ cryptoki }: TokenSession): DeviceError =>
  new DeviceError(
    'device.protocol',
    `Could not store an issuer on ${cryptoki.subject}: the module accepted it, and it is not there.`,
    { remedy: "Check the token with its vendor's tool." },
  )
