import { X509Certificate } from 'node:crypto'
import { DeviceError } from '../device-error.ts'
import type { Attribute } from './key-template.ts'
import { readUlong } from './list-tokens.ts'
import { CKA, CKK, type CKO } from './pkcs11-constants.ts'
import { publicKeyFromAttributes, spkiOf } from './public-key.ts'
import type { KeyIdentity } from './token-key.ts'
import { classTemplate, findObjects, readAttribute, readAttributes, readPublicKeyAttributes } from './token-objects.ts'
import type { TokenSession } from './token-session.ts'

/** By CKA_ID where it is not empty, and by CKA_LABEL where it is not. */
export function identityTemplate(identity: Partial<KeyIdentity>): readonly Attribute[] {
  const { id, label } = identity
  return [
    ...(id === undefined || id.length === 0 ? [] : [{ type: CKA.ID, value: Buffer.from(id) }]),
    ...(label === undefined || label === '' ? [] : [{ type: CKA.LABEL, value: Buffer.from(label, 'utf8') }]),
  ]
}

export function findByClass(
  session: TokenSession,
  objectClass: keyof typeof CKO,
  identity: Partial<KeyIdentity>,
): readonly Buffer[] {
  const what = `${objectClass} ${describeIdentity(identity)}`
  return findObjects(session, [classTemplate(objectClass), ...identityTemplate(identity)], what)
}

export const describeIdentity = ({ label, id }: Partial<KeyIdentity>): string =>
  [
    label === undefined || label === '' ? undefined : `label ${label}`,
    id === undefined || id.length === 0 ? undefined : `id ${Buffer.from(id).toString('hex')}`,
  ]
    .filter((part) => part !== undefined)
    .join(', ')

export function readIdentity(session: TokenSession, object: Buffer): KeyIdentity {
  const values = readAttributes(session, object, [CKA.LABEL, CKA.ID])
  return {
    label: values.get(CKA.LABEL)?.toString('utf8') ?? '',
    id: Uint8Array.from(values.get(CKA.ID) ?? []),
  }
}

/** SubjectPublicKeyInfo of a public or private key object; undefined where the object does not hold the public part. */
export function readSpki(session: TokenSession, object: Buffer): Uint8Array | undefined {
  const type = readAttribute(session, object, CKA.KEY_TYPE)
  const keyType = type === undefined ? undefined : readUlong(type)
  if (keyType !== CKK.RSA && keyType !== CKK.EC) {
    throw new DeviceError(
      'key.wrong-type',
      `Could not use the key on ${session.cryptoki.subject}: it is neither RSA nor EC.`,
      {
        remedy: 'Specify another key, or let hsm-enroll generate one.',
      },
    )
  }
  const attributes = readPublicKeyAttributes(session, object, keyType === CKK.RSA ? 'RSA' : 'EC')
  const whole =
    keyType === CKK.RSA ? attributes.modulus && attributes.publicExponent : attributes.ecParams && attributes.ecPoint
  if (whole === undefined || whole.length === 0) return undefined
  return spkiOf(publicKeyFromAttributes(attributes, session.cryptoki.subject))
}

/** For a private key whose public half is gone: the certificate with its CKA_ID tells the public key. */
export function spkiFromCertificate(session: TokenSession, identity: KeyIdentity): Uint8Array | undefined {
  if (identity.id.length === 0) return undefined
  for (const object of findByClass(session, 'CERTIFICATE', { id: identity.id })) {
    const value = readAttribute(session, object, CKA.VALUE)
    if (value === undefined) continue
    try {
      return spkiOf(new X509Certificate(value).publicKey)
    } catch {
      // Not a certificate that node reads; the next one may be.
    }
  }
  return undefined
}

/** The one object of several, or a DeviceError that lists them. */
export function onlyOne(session: TokenSession, objects: readonly Buffer[], what: string): Buffer | undefined {
  if (objects.length <= 1) return objects[0]
  const list = objects.slice(0, 8).map((object) => describeIdentity(readIdentity(session, object)))
  throw new DeviceError(
    'device.ambiguous',
    `Could not choose a key on ${session.cryptoki.subject}: ${objects.length} match ${what}: ${list.join('; ')}.`,
    {
      remedy: 'Specify the key by both label and id.',
    },
  )
}
