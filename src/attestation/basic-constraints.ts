import type { Certificate, Extension } from '../asn1/certificate.ts'
import { readBoolean, readDer, readSequence, readSmallInteger, TAG } from '../asn1/der.ts'
import { DerError } from '../asn1/der-error.ts'

export const OID_BASIC_CONSTRAINTS = '2.5.29.19'
export const OID_KEY_USAGE = '2.5.29.15'

export interface BasicConstraints {
  readonly ca: boolean
  readonly pathLength?: number
}

/** Undefined where the certificate has no such extension; `malformed` where it cannot be read (RFC 5280 4.2.1.9). */
export function basicConstraintsOf(certificate: Certificate): BasicConstraints | 'malformed' | undefined {
  const extension = certificate.extensions.get(OID_BASIC_CONSTRAINTS)
  if (extension === undefined) return undefined
  const known = read.get(extension)
  if (known !== undefined) return known
  const constraints = readBasicConstraints(extension.value)
  read.set(extension, constraints)
  return constraints
}

/** Shared issuer certificates are asked again for every package of a batch. */
const read = new WeakMap<Extension, BasicConstraints | 'malformed'>()

function readBasicConstraints(value: Uint8Array): BasicConstraints | 'malformed' {
  try {
    const items = [...readSequence(readDer(value), 'BasicConstraints')]
    const first = items[0]
    const ca = first !== undefined && first.tag === TAG.boolean
    if (ca && !readBoolean(first)) return 'malformed'
    if (ca) items.shift()
    const pathLength = items.shift()
    if (items.length > 0) return 'malformed'
    return {
      ca,
      ...(pathLength === undefined ? {} : { pathLength: readSmallInteger(pathLength, 'pathLenConstraint') }),
    }
  } catch (error) {
    if (error instanceof DerError) return 'malformed'
    throw error
  }
}
