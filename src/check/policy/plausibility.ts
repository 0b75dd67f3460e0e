/** What genuine evidence says that does not go together. Warnings: the signatures hold, so a person must look. */
import type { Certificate } from '../../asn1/certificate.ts'
import { printName } from '../../asn1/name.ts'
import { OctetMemory } from '../../asn1/octet-memory.ts'
import { type PublicKey, readablePublicKey } from '../../asn1/public-key.ts'
import type { Check } from '../../attestation/contract/attestation-result.ts'
import type { FamilyVerdict } from '../../attestation/contract/verify-attestation.ts'
import { HSM_TYPES, type HsmType } from '../../hsm-type.ts'
import { isoDay } from '../../iso-day.ts'
import { isWithin } from '../../knowledge/version-range.ts'
import { sha256Hex } from '../../sha256-hex.ts'
import { hasClosePrimes } from './close-primes.ts'
import { IMPLAUSIBLE, type ImplausibleRow } from './implausible-devices.ts'
import { hasRocaFingerprint } from './roca.ts'

/**
 * Warnings alone, and none where nothing contradicts itself. Of evidence that is not genuine nothing is said: what its certificates say is
 * nobody's word. `certificates`: those that came along, leaf first. Never throws.
 */
export function plausibilityChecks(verdict: FamilyVerdict, certificates: readonly Certificate[]): readonly Check[] {
  if (!verdict.genuine) return []
  return [
    ...deviceDoubts(verdict),
    ...dateDoubts(verdict.hsmType, certificates),
    ...keyDoubts(verdict.hsmType, certificates),
  ]
}

const warning = (
  id: 'dates' | 'issuer-key' | 'key' | 'root',
  detail: string,
  remedy: string,
  source: string,
): Check => ({
  id: `policy.plausible.${id}`,
  group: 'policy',
  status: 'warn',
  detail,
  remedy,
  source,
})

const ASK =
  'Do not order with it before somebody has looked: ask the vendor, with the attestation and the serial number.'

const ROWS = new Map(HSM_TYPES.map((hsmType) => [hsmType, IMPLAUSIBLE.filter((row) => row.hsmType === hsmType)]))

function deviceDoubts(verdict: FamilyVerdict): readonly Check[] {
  const rows = ROWS.get(verdict.hsmType) ?? []
  if (rows.length === 0) return []
  const { publicKey, device } = verdict
  const found = rows.find((row) => applies(row, publicKey, verdict))
  if (found === undefined) return []
  const { anchor, what, source } = found
  const of = device.firmware === undefined ? 'this device' : `firmware ${device.firmware}`
  return [warning(anchor === undefined ? 'key' : 'root', `${of} ${what}: the evidence contradicts itself`, ASK, source)]
}

function applies(
  row: ImplausibleRow,
  key: PublicKey | undefined,
  { device, claims, trustAnchor }: FamilyVerdict,
): boolean {
  if (row.firmware !== undefined && isWithin(device.firmware, row.firmware) !== true) return false
  // A family's own word: the mark of the series, whatever it is worth on a day.
  if (row.fipsSeries === true && device.fips !== 'certified') return false
  if (row.pinPolicy !== undefined && claims.pinPolicy !== row.pinPolicy) return false
  if (row.anchor !== undefined && (trustAnchor === undefined || !row.anchor.test(trustAnchor.name))) return false
  return row.key === undefined || (key !== undefined && row.key(key))
}

/** Families whose devices give an attestation the dates of their own certificate (yubico-piv-tool's documentation; published pairs of both). */
const COPIES_DATES: readonly HsmType[] = ['YUBIKEY', 'YUBIHSM2']

function dateDoubts(hsmType: HsmType, [leaf, signer]: readonly Certificate[]): readonly Check[] {
  if (!COPIES_DATES.includes(hsmType) || leaf === undefined || signer === undefined) return []
  if (leaf.notBefore === signer.notBefore && leaf.notAfter === signer.notAfter) return []
  const days = ({ notBefore, notAfter }: Certificate): string => `${isoDay(notBefore)} to ${isoDay(notAfter)}`
  const detail = `a device gives an attestation the dates of its own certificate, and these differ: ${days(leaf)} in the attestation, ${days(signer)} in the device's`
  return [warning('dates', detail, ASK, 'Yubico, developers.yubico.com/PIV/Introduction/PIV_attestation.html')]
}

/** The one root that vendors have with the exponent 3: Chrysalis-ITS, of 2002, under both of its certificates. */
const EXPONENT_THREE = '5d31fc462ae8a1a5327b149ff43aa6d867a28d7e17ca1cca7e7d514cf8cdc132'

/** Of the keys that vouch for the attested one; that one's own numbers are for `policy.key`. */
function keyDoubts(hsmType: HsmType, certificates: readonly Certificate[]): readonly Check[] {
  // Google's statement is no certificate: all that came along vouch for it.
  for (const { subject, spki } of hsmType === 'MARVELL_GOOGLE' ? certificates : certificates.slice(1)) {
    const doubt = doubtOf(spki)
    if (doubt === undefined) continue
    return [
      warning(
        'issuer-key',
        `the key of ${printName(subject)}, which vouches for the attested one, ${doubt}`,
        ASK,
        SOURCE,
      ),
    ]
  }
  return []
}

const SOURCE = 'CA/Browser Forum Baseline Requirements 6.1.1.3 and 6.1.6; CVE-2017-15361'

/** A batch has few issuers, which are read anew with each package. */
const known = new OctetMemory<string | undefined>(1024, 1024)

const doubtOf = (spki: Uint8Array): string | undefined => known.get(spki, 0, spki.length, newDoubt)

function newDoubt(spki: Uint8Array): string | undefined {
  const key = readablePublicKey(spki)
  if (key?.type !== 'RSA') return undefined
  if (hasClosePrimes(key.modulus, 1))
    return 'falls to one step of Fermat’s method: its primes are close, or one and the same'
  if (hasRocaFingerprint(key.modulus)) return 'has the fingerprint of keys that can be factored (ROCA)'
  return key.exponent === 3n && sha256Hex(spki) !== EXPONENT_THREE ? 'has the public exponent 3' : undefined
}
