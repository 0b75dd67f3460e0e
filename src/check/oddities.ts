import type { Certificate } from '../asn1/certificate.ts'
import { readNumbers } from '../attestation/luna/signature.ts'
import type { HsmType } from '../hsm-type.ts'
import { type Oddity, OTHER_TOOLS } from '../knowledge/other-tools.ts'
import { sha256Hex } from '../sha256-hex.ts'

const OID = { basicConstraints: '2.5.29.19', keyPurposes: '2.5.29.37', sha256WithRsa: '1.2.840.113549.1.1.11' } as const
/** Serial 804500000007: SHA-1, without basicConstraints (src/trust-anchors/luna.ts). */
const OLDER_CHRYSALIS_ROOT = '807e1680ab0c933971fe7075595c1072e3183951a5a8ab53506f1093feff66e7'
const YEAR_9999 = Date.UTC(9999, 0, 1)

/** Whether the certificates of one piece of evidence have it. */
const TESTS: Readonly<Record<Oddity, (certificates: readonly Certificate[], hsmType: HsmType) => boolean>> = {
  'explicit-critical-false': (all) => all.some(hasCriticalFalse),
  'unsigned-signature-numbers': (all, hsmType) => lunaNumbers(all, hsmType).some(([first = 0]) => first >= 0x80),
  'padded-signature-numbers': (all, hsmType) =>
    lunaNumbers(all, hsmType).some(([first, second = 0x80]) => first === 0 && second < 0x80),
  'critical-key-purposes': (all) => all.some(({ extensions }) => extensions.get(OID.keyPurposes)?.critical === true),
  'year-9999': (all) => all.some(({ notAfter }) => notAfter >= YEAR_9999),
  'no-basic-constraints': ([, f9], hsmType) =>
    hsmType === 'YUBIKEY' && f9 !== undefined && !f9.extensions.has(OID.basicConstraints),
  'sha256-rsa-without-null': (all) =>
    all.some(({ signatureAlgorithm: { oid, parameters } }) => oid === OID.sha256WithRsa && parameters === undefined),
  'older-chrysalis-root': (all, hsmType) =>
    hsmType === 'LUNA' && all.some(({ der }) => sha256Hex(der) === OLDER_CHRYSALIS_ROOT),
  'ordered-certificates': (all, hsmType) => hsmType === 'LUNA' && all.length > 1,
}

function hasCriticalFalse({ extensions }: Certificate): boolean {
  for (const { criticalFalse } of extensions.values()) if (criticalFalse === true) return true
  return false
}

/** The octets of r and s in the signature of a Luna's confirmation; none elsewhere, nor under RSA. */
const lunaNumbers = ([leaf]: readonly Certificate[], hsmType: HsmType): readonly Uint8Array[] =>
  (hsmType === 'LUNA' && leaf !== undefined && readNumbers(leaf.signature)) || []

/** What other tools will make of these certificates, where that differs: one line for people each. Never throws. */
export const otherToolsNotes = (hsmType: HsmType, certificates: readonly Certificate[]): readonly string[] =>
  OTHER_TOOLS.filter(({ id }) => TESTS[id](certificates, hsmType)).map(({ note }) => `other tools: ${note}`)
