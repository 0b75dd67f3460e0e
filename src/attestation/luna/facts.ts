import type { Certificate } from '../../asn1/certificate.ts'
import { sameBytes } from '../../asn1/octets.ts'
import { commonNameOf } from '../certificates/common-name.ts'
import type { AttestedDevice, KeyClaims } from '../contract/attestation-result.ts'
import type { CheckList } from '../contract/check-list.ts'
import { LUNA_OID, LUNA_UNPUBLISHED } from './roles.ts'
import { LUNA_RULES as RULE } from './rules.ts'

/** What the confirmation says of the HSM, and what its existence says of the key. */
export function readLunaFacts(
  certificates: readonly Certificate[],
  checks: CheckList,
): { readonly device: AttestedDevice; readonly claims: KeyClaims } {
  const [leaf, device] = certificates
  if (leaf === undefined) return { device: { vendor: 'Thales', fips: 'unknown' }, claims: {} }
  const serial = checkSerial(certificates, checks)
  const version = leaf.extensions.get(LUNA_OID.firmware)?.value
  const firmware = version?.length === 4 ? firmwareText(version) : undefined
  const model = /^(Luna .*)-\d+$/.exec((device && commonNameOf(device.subject)) ?? '')?.[1]
  const unpublished = unpublishedFacts(certificates)
  return {
    device: {
      vendor: 'Thales',
      model: model ?? 'Luna',
      serial: serial?.toString(),
      firmware,
      // No extension is known to state the FIPS mode.
      fips: 'unknown',
    },
    claims: {
      local: true,
      sensitive: true,
      extractable: false,
      neverExtractable: true,
      serial,
      firmware,
      ouid: commonNameOf(leaf.subject),
      ...(unpublished.length === 0 ? {} : { unpublishedExtensions: unpublished }),
    },
  }
}

/**
 * Every certificate that names an HSM must name the same. That one does is not demanded: Thales's validator goes on without, and
 * what the confirmation proves stands in its signatures.
 */
function checkSerial(certificates: readonly Certificate[], checks: CheckList): number | undefined {
  const [first, ...others] = certificates.flatMap(({ extensions }) => extensions.get(LUNA_OID.serial)?.value ?? [])
  if (others.some((other) => first === undefined || !sameBytes(other, first))) {
    checks.fail(
      RULE.serial,
      'The certificates are for different HSMs: parts of two confirmations are mixed.',
      'Export the confirmation again in one piece.',
    )
    return undefined
  }
  if (first?.length !== 4) {
    checks.notApplicable(RULE.serial, 'The confirmation does not state the serial number of its HSM in a known format.')
    return undefined
  }
  const serial = littleEndian(first)
  checks.pass(RULE.serial, `HSM serial number ${serial}.`)
  return serial
}

/** Raw, in hex: two stand in the confirmation, two in the certificate of the HSM's origin. */
function unpublishedFacts(certificates: readonly Certificate[]): readonly string[] {
  const facts = LUNA_UNPUBLISHED.flatMap((oid) =>
    certificates.flatMap(({ extensions }) => {
      const value = extensions.get(oid)?.value
      return value === undefined ? [] : [`${oid}=${Buffer.from(value).toString('hex')}`]
    }),
  )
  return [...new Set(facts)]
}

const littleEndian = (bytes: Uint8Array): number =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).readUInt32LE(0)

/** 54000700 is shown as "7.84": how the lower half divides into minor and patch is not published. */
const firmwareText = (bytes: Uint8Array): string => `${littleEndian(bytes) >>> 16}.${littleEndian(bytes) & 0xffff}`
