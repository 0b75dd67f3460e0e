import type { Certificate } from '../../asn1/certificate.ts'
import { type DerNode, readDer, TAG } from '../../asn1/der.ts'
import { ifReadable } from '../../asn1/der-error.ts'
import { readBitStringOctets, readOctetString, readSmallInteger, readText } from '../../asn1/der-values.ts'
import { commonNameOf } from '../certificates/common-name.ts'

/** Yubico's arc for YubiHSM 2 attestation; the values are DER (docs.yubico.com/hardware/oid/oid-product-arc.html). */
export const YUBIHSM2_OID = {
  firmware: '1.3.6.1.4.1.41482.4.1',
  serial: '1.3.6.1.4.1.41482.4.2',
  origin: '1.3.6.1.4.1.41482.4.3',
  domains: '1.3.6.1.4.1.41482.4.4',
  capabilities: '1.3.6.1.4.1.41482.4.5',
  objectId: '1.3.6.1.4.1.41482.4.6',
  label: '1.3.6.1.4.1.41482.4.9',
  /** In the device certificate. */
  fips: '1.3.6.1.4.1.41482.4.10',
  /** In the leaf, firmware 2.4.1 FIPS and later. */
  fipsApproved: '1.3.6.1.4.1.41482.4.12',
} as const

export const ORIGIN = { generated: 0x01, imported: 0x02, importedWrapped: 0x10 } as const

/** What the leaf says of the object, or the same member as `undefined` where it is missing or malformed. */
export interface ObjectFacts {
  readonly firmware: string | undefined
  readonly serial: string | undefined
  /** One octet of flags. */
  readonly origin: number | undefined
  /** Domain numbers, 1 to 16. */
  readonly domains: readonly string[] | undefined
  /** 64 bits, as the big-endian octets say. */
  readonly capabilities: bigint | undefined
  readonly objectId: number | undefined
  readonly label: string | undefined
  /** Was the attestation made in FIPS-approved mode? Series of firmware 2.4.1 and later only. */
  readonly fipsApproved: boolean | undefined
}

export function readObjectFacts(leaf: Certificate): ObjectFacts {
  return {
    firmware: firmwareOf(leaf),
    serial: serialOf(leaf),
    origin: read(leaf, YUBIHSM2_OID.origin, (node) => exactly(1, node)[0]),
    domains: read(leaf, YUBIHSM2_OID.domains, (node) => domainNumbers(exactly(2, node))),
    capabilities: read(leaf, YUBIHSM2_OID.capabilities, (node) => Buffer.from(exactly(8, node)).readBigUInt64BE()),
    objectId: read(leaf, YUBIHSM2_OID.objectId, (node) => sixteenBits(node)),
    label: read(leaf, YUBIHSM2_OID.label, (node) => readText(node.expect(TAG.utf8String, 'label'), 'label')),
    fipsApproved: fipsApprovedOf(leaf),
  }
}

/** INTEGER, zero for no. What cannot be read approves nothing. */
function fipsApprovedOf(leaf: Certificate): boolean | undefined {
  if (!leaf.extensions.has(YUBIHSM2_OID.fipsApproved)) return undefined
  return read(leaf, YUBIHSM2_OID.fipsApproved, (node) => readSmallInteger(node, 'FIPS approved') !== 0) ?? false
}

/** Does it say what a YubiHSM 2 says of an object, whatever its name? */
export const hasObjectExtensions = ({ extensions }: Certificate): boolean =>
  [YUBIHSM2_OID.origin, YUBIHSM2_OID.capabilities, YUBIHSM2_OID.objectId].some((oid) => extensions.has(oid))

/** OCTET STRING of 3: `2.4.0`. */
const firmwareOf = (certificate: Certificate): string | undefined =>
  read(certificate, YUBIHSM2_OID.firmware, (node) => {
    const octets = readOctetString(node, 'firmware')
    if (octets.length !== 3) throw node.fail('firmware is not three octets')
    return octets.join('.')
  })

export const serialOf = (certificate: Certificate): string | undefined =>
  read(certificate, YUBIHSM2_OID.serial, (node) => String(readSmallInteger(node, 'serial')))

function read<Value>(
  certificate: Certificate,
  oid: string,
  take: (node: DerNode) => Value | undefined,
): Value | undefined {
  const extension = certificate.extensions.get(oid)
  return extension && ifReadable(() => take(readDer(extension.value, { maxSize: 512 })))
}

function exactly(octets: number, node: DerNode): Uint8Array {
  const bytes = readBitStringOctets(node)
  if (bytes.length !== octets) throw node.fail(`${bytes.length} octets, expected ${octets}`)
  return bytes
}

function sixteenBits(node: DerNode): number {
  const value = readSmallInteger(node, 'object id')
  if (value > 0xffff) throw node.fail('object id is more than 16 bits')
  return value
}

const domainNumbers = (octets: Uint8Array): readonly string[] => {
  const bits = Buffer.from(octets).readUInt16BE()
  return Array.from({ length: 16 }, (_, index) => index).flatMap((bit) => ((bits >> bit) & 1 ? [String(bit + 1)] : []))
}

const LEAF_NAME = /^YubiHSM2? Attestation id:0x([0-9a-f]{4})$/
/** `YubiHSM2 Attestation` on firmware 2.1.3. */
const DEVICE_NAME = /^YubiHSM2? Attestation \((\d{1,10})\)$/

/** `0123`, as the leaf's name has it. */
export const objectIdInName = (certificate: Certificate): string | undefined =>
  LEAF_NAME.exec(commonNameOf(certificate.subject) ?? '')?.[1]
export const serialInName = (certificate: Certificate): string | undefined =>
  DEVICE_NAME.exec(commonNameOf(certificate.subject) ?? '')?.[1]
