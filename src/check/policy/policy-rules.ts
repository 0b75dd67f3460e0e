import type { CheckId } from '../../attestation/contract/check-ids.ts'

/** Every rule of the group `policy`, as data: id, where it comes from, what to do when it is broken. */
export interface PolicyRule {
  readonly id: CheckId
  readonly source: string
  readonly remedy: string
}

const BASELINE = 'CA/Browser Forum Code Signing Baseline Requirements 3.10.0'
const NEW_KEY = 'Generate a new key'

export const POLICY_RULES = {
  keyType: {
    id: 'policy.key.type',
    source: `${BASELINE} 6.1.5.2; Sectigo API 3.43`,
    remedy: `${NEW_KEY} of type RSA, P-256 or P-384.`,
  },
  keySize: {
    id: 'policy.key.size',
    source: `${BASELINE} 6.1.5.2; Sectigo API (RSA 2048 to 8192)`,
    remedy: `${NEW_KEY}: RSA 3072 or 4096, P-256 or P-384. A YubiKey before firmware 5.7 has no RSA above 2048 bits, and its EC keys fall under EUCLEAK.`,
  },
  keySizeAdvised: {
    id: 'policy.key.size-advised',
    source: 'Sectigo CPS 6.1.5: 3072 bits for certificates that end after 2030',
    remedy:
      'Prefer RSA 3072 or 4096, P-256 or P-384 for a key that is to serve for years. A YubiKey before firmware 5.7 has no RSA above 2048 bits, and its EC keys fall under EUCLEAK.',
  },
  keyExponent: {
    id: 'policy.key.exponent',
    source: `${BASELINE} 6.1.6: odd, 3 or more, and should be 65537 or more`,
    remedy: `${NEW_KEY} with the public exponent 65537.`,
  },
  keyValid: {
    id: 'policy.key.valid',
    source: `${BASELINE} 6.1.6: no factor below 752; NIST SP 800-56A 5.6.2.3: point on the curve`,
    remedy: `${NEW_KEY}; this one is not a valid public key.`,
  },
  roca: {
    id: 'policy.key.roca',
    source: 'CVE-2017-15361; Nemec et al., "The Return of Coppersmith\'s Attack", ACM CCS 2017',
    remedy: `${NEW_KEY} on a device with firmware 5.7 or later. An EC key on this one is not a ROCA key, but falls under EUCLEAK.`,
  },
  keyLocal: {
    id: 'policy.key.generated-on-device',
    source: `${BASELINE} 6.2.7.4.2 (key attestation)`,
    remedy: `${NEW_KEY} on the device; an imported key is refused.`,
  },
  keyNonExportable: {
    id: 'policy.key.non-exportable',
    source: `${BASELINE} 6.2.7.4.2 (key attestation)`,
    remedy: `${NEW_KEY} that nobody is allowed to export or wrap (YubiHSM 2: without exportable-under-wrap).`,
  },
  keySigns: {
    id: 'policy.key.signs',
    source: 'RFC 2986: the request is signed with the key',
    remedy: `${NEW_KEY} that is allowed to sign.`,
  },
  keyRecoverable: {
    id: 'policy.key.recoverable',
    source: `Entrust nShield key attestation, verification; ${BASELINE} 6.2.7.4.2 (non-exportable). Whether Sectigo refuses is not published`,
    remedy: `${NEW_KEY} with recovery off (generatekey recovery=no). If your CA accepted this one in writing, set \`policy.recoverable: warn\` in the profile.`,
  },
  fips: {
    id: 'policy.device.fips',
    source: `Sectigo, list of attestable hardware; ${BASELINE} 6.2.7.4.1`,
    remedy:
      'Use a device of the FIPS series, or an HSM in FIPS mode. If your CA accepted this device in writing, set `policy.fips: warn` in the profile (with `check`: --fips warn).',
  },
  fipsHistorical: {
    id: 'policy.device.fips-historical',
    source: 'NIST, FIPS 140-3 transition: 140-2 certificates are historical from 2026-09-21',
    remedy:
      'Ask your CA whether it still takes such a device: it is published nowhere. Once it has said so in writing, set `policy.fipsHistorical: accept` in the profile; otherwise use a device with a FIPS 140-3 certificate.',
  },
  fipsStandard: {
    id: 'policy.device.fips-standard',
    source: 'the profile: policy.fipsStandard',
    remedy: 'Use a device that is validated under that standard, or change `policy.fipsStandard` in the profile.',
  },
  closePrimes: {
    id: 'policy.key.close-primes',
    source: 'CVE-2022-26320; CA/Browser Forum Baseline Requirements 6.1.1.3: 100 rounds of Fermat’s method',
    remedy: `${NEW_KEY} on another device: anybody can compute this one. Report the device to its vendor.`,
  },
  requestHash: {
    id: 'policy.request.hash',
    source: 'NIST SP 800-131A: no SHA-1 for signatures',
    remedy: 'Create the request again with SHA-256, SHA-384 or SHA-512.',
  },
  requestForm: {
    id: 'policy.request.form',
    source: 'RFC 2986 4.1 (attributes), RFC 5758 3.2 (ECDSA parameters), X.690 11.5 and 11.6 (DER)',
    remedy: 'Have the device sign a new request with the same key. It is not known which CAs accept this one.',
  },
  subjectLength: {
    id: 'policy.request.subject-length',
    source: 'RFC 5280 Appendix A.1 (upper bounds)',
    remedy: 'Shorten the value and create the request again.',
  },
  packageLength: {
    id: 'policy.attestation.length',
    source: 'Sectigo !AutoApplyOrder, keyAttestation: at most 32,767 characters',
    remedy: 'Remove what the CA does not need: chains, intermediates, the rest of a bundle.',
  },
} as const satisfies Readonly<Record<string, PolicyRule>>
