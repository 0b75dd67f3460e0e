import type { HsmType } from '../hsm-type.ts'
import type { VersionRange } from './version-range.ts'

/** Where a row comes from. */
export interface Sourced {
  readonly source: string
  /** The day on which a person last compared the row with its source, YYYY-MM-DD. */
  readonly checked: string
}

/** The standard of a validation: FIPS 140-2, or its successor. */
export type FipsStandard = '140-2' | '140-3'

/** One validation of a series of devices. All days are YYYY-MM-DD. */
export interface CertificationRow extends Sourced {
  readonly hsmType: HsmType
  /** Of the device, as its evidence states it; absent: whatever the firmware. */
  readonly firmware?: VersionRange
  /** Only devices whose evidence carries the vendor's mark of the FIPS series. */
  readonly marked?: boolean
  /** NSHIELD: an approval that the warrant of the module must list. */
  readonly approval?: string
  readonly standard: FipsStandard
  /** Overall level. */
  readonly level: number
  /** Number of the CMVP certificate, if it is known. */
  readonly certificate?: string
  /** What the row rests on: a certificate or its published security policy, or the word of the vendor alone. */
  readonly basis: 'certificate' | 'vendor'
  /** First day. */
  readonly from?: string
  /** First day on the historical list. */
  readonly historicalFrom?: string
  /** A guess that the row rests on. Such a row can be left out: `policy.inferences: ignore`. */
  readonly inference?: string
  /** For people. */
  readonly note?: string
}

/** A published weakness of keys or devices. */
export interface AdvisoryRow extends Sourced {
  /** By which a policy refers to it: `eucleak`. Several rows may share it. */
  readonly id: string
  readonly name: string
  /** CVE and vendor numbers. */
  readonly references: readonly string[]
  /** The first day on which anybody could know. */
  readonly published: string
  readonly hsmType?: HsmType
  readonly firmware?: VersionRange
  /** Attested key types that are affected. */
  readonly keyTypes: readonly ('RSA' | 'EC')[]
  /** Narrowed to devices that do (or do not) have one of these form factors (hexadecimal, without the FIPS bit). */
  readonly formFactors?: readonly string[]
  readonly exceptFormFactors?: readonly string[]
  /** Only devices of the FIPS series. */
  readonly fipsSeries?: boolean
  /** The key by which the device attests is affected, too, if it is of one of the types. */
  readonly attestationKey?: boolean
  /** What shows it: firmware and key type, the numbers of the key, or nothing that evidence carries. */
  readonly shownBy: 'firmware' | 'modulus' | 'nothing'
  /** What evidence proves, and what it does not. */
  readonly proves: string
  readonly severity: 'refuse' | 'warn'
  readonly remedy: string
}

/** A limit of a CA or of its rule book, from a day on. */
export interface CaRuleRow extends Sourced {
  readonly id: string
  readonly profile: 'document-signing' | 'code-signing'
  readonly from: string
  /** Days of validity at most. */
  readonly maximumDays?: number
  readonly rsaMinimumBits?: number
  readonly curves?: readonly string[]
}

/** What is true on which day, apart from code. */
export interface Knowledge {
  /** Counts up with every issue: one with a lower number never replaces one with a higher. */
  readonly serial: number
  /** The day on which it was put together. */
  readonly issued: string
  readonly origin: 'built-in' | 'update'
  readonly certifications: readonly CertificationRow[]
  readonly advisories: readonly AdvisoryRow[]
  readonly caRules: readonly CaRuleRow[]
}
