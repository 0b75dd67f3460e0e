import type { Certificate } from '../asn1/certificate.ts'
import { DerError } from '../asn1/der-error.ts'
import { nameValues, parseName } from '../asn1/name.ts'
import type { AttestedDevice, KeyClaims } from './attestation-result.ts'
import type { CheckList } from './check-list.ts'
import { LUNA_OID, LUNA_UNPUBLISHED } from './luna-roles.ts'
import { LUNA_RULES as RULE } from './luna-rules.ts'

/** What the confirmation says of the HSM, and what its existence says of the key. */
export function readLunaFacts(
  certificates: readonly Certificate[],
  checks: CheckList,
): { readonly device: AttestedDevice; readonly claims: KeyClaims } {
  const [leaf, device] = certificates
  if (leaf === undefined) return { device: { vendor: 'Thales', fips: 'unknown' }, claims: {} }
  const serial = checkSerial(certificates, checks)
  const firmware = leaf.extensions.get(LUNA_OID.firmware)?.value
  const model = /^(Luna .*)-\d+$/.exec(commonName(device) ?? '')?.[1]
  const ouid = commonName(leaf)
  const unpublished = LUNA_UNPUBLISHED.flatMap((oid) => {
    const value = leaf.extensions.get(oid)?.value
    return value === undefined ? [] : [`${oid}=${Buffer.from(value).toString('hex')}`]
  })
  return {
    device: {
      vendor: 'Thales',
      model: model ?? 'Luna',
      ...(serial === undefined ? {} : { serial: String(serial) }),
      ...(firmware?.length === 4 ? { firmware: firmwareText(firmware) } : {}),
      // No extension is known to state the FIPS mode.
      fips: 'unknown',
    },
    claims: {
      local: true,
      sensitive: true,
      extractable: false,
      neverExtractable: true,
      ...(serial === undefined ? {} : { serial }),
      ...(ouid === undefined ? {} : { ouid }),
      ...(unpublished.length === 0 ? {} : { unpublishedExtensions: unpublished }),
    },
  }
}

/** The leaf must name its HSM, and every certificate of it that names one must name the same. */
function checkSerial(certificates: readonly Certificate[], checks: CheckList): number | undefined {
  const serials = certificates.flatMap((certificate) => certificate.extensions.get(LUNA_OID.serial)?.value ?? [])
  const [first] = serials
  const inLeaf = certificates[0]?.extensions.has(LUNA_OID.serial) === true
  if (first === undefined || !inLeaf || first.length !== 4) {
    checks.fail(
      RULE.serial,
      'The confirmation does not state the serial number of its HSM.',
      'Export it again from a Luna 7 with current firmware.',
    )
    return undefined
  }
  const serial = littleEndian(first)
  const same = serials.every((other) => other.length === 4 && littleEndian(other) === serial)
  checks.require(
    RULE.serial,
    same,
    `HSM serial number ${serial}.`,
    'The certificates name different HSMs: parts of two confirmations are mixed.',
    'Export the confirmation again in one piece.',
  )
  return serial
}

const littleEndian = (bytes: Uint8Array): number =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).readUInt32LE(0)

/** 54000700 is shown as "7.84": how the lower half divides into minor and patch is not published. */
const firmwareText = (bytes: Uint8Array): string => `${littleEndian(bytes) >>> 16}.${littleEndian(bytes) & 0xffff}`

function commonName(certificate: Certificate | undefined): string | undefined {
  if (certificate === undefined) return undefined
  try {
    return nameValues(parseName(certificate.subject), 'CN')[0]
  } catch (error) {
    if (error instanceof DerError) return undefined
    throw error
  }
}
