import type { Certificate } from '../asn1/certificate.ts'
import { issuerPublicKey } from '../attestation/certificates/shared-keys.ts'
import type { Advisory, AttestedDevice, FipsWord, KeyClaims } from '../attestation/contract/attestation-result.ts'
import type { FamilyVerdict } from '../attestation/contract/verify-attestation.ts'
import type { Writable } from '../attestation/contract/writable.ts'
import type { HsmType } from '../hsm-type.ts'
import { type AdvisoryFacts, advisoriesOn } from '../knowledge/advisories-on.ts'
import { certificationOn } from '../knowledge/certification-on.ts'
import type { DeviceFacts } from '../knowledge/device-facts.ts'
import type { Knowledge } from '../knowledge/knowledge.ts'

/** What is known of a device and its key on a day. */
export interface KnownOnDay {
  readonly device: AttestedDevice
  readonly advisories: readonly (Advisory & { readonly remedy: string })[]
}

/** What the tables are asked of. */
export interface KnownDevice {
  readonly hsmType: HsmType
  readonly device: AttestedDevice
  readonly claims?: KeyClaims
  readonly keyType?: AdvisoryFacts['keyType']
  readonly attestationKeyType?: AdvisoryFacts['keyType']
}

/** Asks the tables for a day (YYYY-MM-DD) of what a family found. Never throws. */
export function knownOn(
  { hsmType, device, claims, attestedKey, chain }: FamilyVerdict,
  certificates: readonly Certificate[],
  day: string,
  knowledge: Knowledge,
  ignoreInferences: boolean,
): KnownOnDay {
  // The certificate of the key by which the device attests, where the chain was walked that far.
  const signer = isYubico(hsmType) && chain.length > 1 ? certificates[1] : undefined
  const attestationKeyType = signer && issuerPublicKey(signer.spki)?.type
  const found = { hsmType, device, claims, keyType: attestedKey?.type, attestationKeyType }
  return deviceOn(found, day, knowledge, ignoreInferences)
}

/** The same of a device alone, whoever described it. `device.fips` is its vendor's mark. Never throws. */
export function deviceOn(found: KnownDevice, day: string, knowledge: Knowledge, ignoreInferences: boolean): KnownOnDay {
  const facts = factsOf(found)
  const certification = certificationOn(facts, day, knowledge, { ignoreInferences })
  const fips = wordFor(facts.fipsSeries, certification.status)
  const advisories = advisoriesOn(facts, day, knowledge).map(({ row, of }) => {
    const { id, name, references, proves, source, checked, remedy } = row
    return { id, name, references, affects: of, proves, source, checked, remedy }
  })
  const device: Writable<AttestedDevice> = { ...found.device }
  device.fips = fips
  device.certification = certification
  return { device, advisories }
}

const SERIES: Readonly<Record<FipsWord, DeviceFacts['fipsSeries']>> = {
  certified: 'yes',
  historical: 'yes',
  'not-certified': 'no',
  unknown: 'unknown',
}

function factsOf({ hsmType, device, claims = {}, keyType, attestationKeyType }: KnownDevice): AdvisoryFacts {
  return {
    hsmType,
    fipsSeries: SERIES[device.fips],
    firmware: hsmType === 'LUNA' ? publishedLunaFirmware(device.firmware) : device.firmware,
    formFactor: typeof claims.formFactor === 'string' ? claims.formFactor : undefined,
    approvals: Array.isArray(claims.approvals) ? claims.approvals : undefined,
    keyType,
    attestationKeyType,
  }
}

/** A confirmation states 7.8.4 as 7 and 84. How the lower half divides is a guess; the rows that it leads to say so. */
const publishedLunaFirmware = (firmware: string | undefined): string | undefined =>
  firmware?.replace(/^(\d+)\.(\d)(\d)$/, '$1.$2.$3')

const isYubico = (hsmType: FamilyVerdict['hsmType']): boolean => hsmType === 'YUBIKEY' || hsmType === 'YUBIHSM2'

/** Certified takes both: the evidence marks the device, and the tables know a certificate. */
function wordFor(series: DeviceFacts['fipsSeries'], status: ReturnType<typeof certificationOn>['status']): FipsWord {
  if (series === 'no') return 'not-certified'
  if (series === 'unknown') return 'unknown'
  if (status === 'active') return 'certified'
  return status === 'historical' ? 'historical' : 'unknown'
}
