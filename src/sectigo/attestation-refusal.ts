import type { HsmType } from '../hsm-type.ts'
import { describePackage, type PackageForm } from './attestation-package-form.ts'

/** What the run itself knows when the CA answers -129. */
export interface AttestationRefusalFacts {
  readonly hsmType: HsmType
  /** The forms in which the package of that family may travel. */
  readonly packageForms: readonly PackageForm[]
  /** As it was sent. */
  readonly keyAttestation: string
  /** Checks and claims of the run's own verdict (AttestationResult) on the same package. */
  readonly checks: readonly { readonly id: string; readonly status: string }[]
  readonly claims?: { readonly local?: boolean; readonly extractable?: boolean }
  readonly fips?: 'certified' | 'historical' | 'not-certified' | 'unknown'
  readonly firmware?: string
  /** SHA-256 of the SubjectPublicKeyInfo, hex. */
  readonly csrSpkiSha256?: string
  readonly attestedSpkiSha256?: string
}

export interface RefusalCause {
  readonly id: string
  /** `confirmed`: the run's own facts show it. `likely`: they point there. `possible`: they do not rule it out. */
  readonly weight: 'confirmed' | 'likely' | 'possible'
  readonly cause: string
  readonly remedy: string
}

type Weight = RefusalCause['weight'] | undefined

interface CauseRule extends Omit<RefusalCause, 'weight'> {
  readonly weigh: (facts: AttestationRefusalFacts) => Weight
}

const failed = (facts: AttestationRefusalFacts, pattern: RegExp): boolean =>
  facts.checks.some((check) => check.status === 'fail' && pattern.test(check.id))
/** Forms that say something of the encoding and nothing of the device. */
const UNCLEAR: readonly PackageForm[] = ['base64', 'utf-16', 'bom', 'unknown']

const confirmedIf = (holds: boolean): Weight => (holds ? 'confirmed' : undefined)

/** In the order in which they are worth looking at; the CA's own text ("context") is undocumented. */
const CAUSES: readonly CauseRule[] = [
  {
    id: 'other-key',
    cause: 'the CSR was created with a key other than the attested one (another slot or handle, or a new key)',
    remedy: 'Create the CSR and the attestation again from the same key.',
    weigh: (facts) => {
      const { csrSpkiSha256: csr, attestedSpkiSha256: attested } = facts
      if (csr !== undefined && attested !== undefined) return confirmedIf(csr !== attested)
      return failed(facts, /^binding\./) ? 'confirmed' : 'possible'
    },
  },
  {
    id: 'wrong-type',
    cause: 'hsmType does not match the package',
    remedy: 'Set hsmType to the device that created the attestation.',
    weigh: ({ packageForms, keyAttestation }) => {
      const form = describePackage(keyAttestation)
      return confirmedIf(form !== undefined && !UNCLEAR.includes(form) && !packageForms.includes(form))
    },
  },
  {
    id: 'encoding',
    cause: 'the package was encoded twice, not at all, or as UTF-16 or with a byte order mark',
    remedy: 'Encode the file as the device wrote it, once, in base64.',
    weigh: ({ keyAttestation }) => {
      const form = describePackage(keyAttestation)
      return confirmedIf(form === undefined || form === 'base64' || form === 'utf-16' || form === 'bom')
    },
  },
  {
    id: 'not-from-device',
    cause: 'the key was imported, or can leave the device',
    remedy: 'Generate a new, non-exportable key on the device; this one can never be attested.',
    weigh: (facts) =>
      confirmedIf(
        facts.claims?.local === false ||
          facts.claims?.extractable === true ||
          failed(facts, /(local|extract|export|origin|sensitive|generated-on-device)/),
      ),
  },
  {
    id: 'not-fips',
    cause: 'the device is not a FIPS device, or not in FIPS mode',
    remedy: 'Use a FIPS device in its FIPS mode; ask Sectigo which certificates it accepts.',
    weigh: (facts) => {
      if (facts.fips === 'certified') return undefined
      return facts.fips === 'not-certified' || failed(facts, /fips/) ? 'likely' : 'possible'
    },
  },
  {
    id: 'chain',
    cause: 'a certificate is missing, in the wrong order, or was replaced on the device (YubiKey: slot f9)',
    remedy: 'Export the attestation again with every certificate, starting with that of the key.',
    weigh: (facts) =>
      confirmedIf(failed(facts, /^attestation\..*(chain|package|f9|leaf|intermediate|issuer|anchor|signature)/)),
  },
  {
    id: 'luna-pkctype',
    cause: 'the RSA confirmation is of the three-certificate type (TC-TrustCenter)',
    remedy: 'Export it again as the five-certificate type (Chrysalis-ITS).',
    weigh: (facts) =>
      facts.hsmType === 'LUNA' ? confirmedIf(failed(facts, /(form|pkctype|certificates)/)) : undefined,
  },
  {
    id: 'new-vendor-chain',
    cause:
      'attestations of firmware 5.7.4 and later need new intermediates, which a package of two certificates does not contain',
    remedy: 'Send the intermediates too (attestation with extra certificates), or ask Sectigo.',
    weigh: ({ hsmType, firmware }) => (hsmType === 'YUBIKEY' && atLeast(firmware, [5, 7, 4]) ? 'likely' : undefined),
  },
  {
    id: 'stale-authority',
    cause: "Fortanix's attestation authority certificate is valid for about a month and may have expired",
    remedy: 'Fetch a new attestation and order at once.',
    weigh: ({ hsmType }) => (hsmType === 'FORTANIX' ? 'possible' : undefined),
  },
  {
    id: 'package-form',
    cause: 'no document says which form of the package Sectigo wants for this device',
    remedy: 'Try the other form with test=Y, or ask partnerapisupport@sectigo.com.',
    weigh: ({ hsmType }) => (hsmType === 'YUBIKEY' ? undefined : 'possible'),
  },
]

const ORDER: readonly RefusalCause['weight'][] = ['confirmed', 'likely', 'possible']

/** Likely causes of -129, the ones that the run's own facts show first. Pure. */
export function attestationRefusalCauses(facts: AttestationRefusalFacts): readonly RefusalCause[] {
  return CAUSES.flatMap(({ weigh, ...cause }) => {
    const weight = weigh(facts)
    return weight === undefined ? [] : [{ ...cause, weight }]
  }).sort((a, b) => ORDER.indexOf(a.weight) - ORDER.indexOf(b.weight))
}

function atLeast(firmware: string | undefined, wanted: readonly number[]): boolean {
  const parts = (firmware ?? '').split('.').map(Number)
  for (const [index, want] of wanted.entries()) {
    const part = parts[index] ?? 0
    if (Number.isNaN(part) || part < want) return false
    if (part > want) return true
  }
  return true
}
