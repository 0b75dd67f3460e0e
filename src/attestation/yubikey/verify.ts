/**
 * HSM type YUBIKEY: a PIV attestation. The leaf is made by the card for the key in a slot and signed by the key in slot F9, whose
 * certificate chains to Yubico. F9 is shared by a batch of devices; the serial number in the leaf alone names the device.
 */
import type { Certificate } from '../../asn1/certificate.ts'
import { printName } from '../../asn1/name.ts'
import { namesIssuer } from '../certificates/certificate-chain.ts'
import { authorityFault } from '../certificates/issuer-rule.ts'
import type { CheckList } from '../contract/check-list.ts'
import type { FamilyVerifier } from '../contract/verify-attestation.ts'
import { pairVerifier } from '../yubico/verify-pair.ts'
import { chainCause, EXPORT_AGAIN, intermediateCause, leafSignatureCause, otherCause } from './causes.ts'
import { unwrap } from './embedded.ts'
import { hasF9Name, hasPivExtensions, slotOf } from './extensions.ts'
import { checkYubikeyLeaf } from './leaf.ts'
import { YUBIKEY_RULES as RULE } from './rules.ts'
import { YUBIKEY_WORDS } from './words.ts'

export const yubikey: FamilyVerifier = {
  ...pairVerifier({
    hsmType: 'YUBIKEY',
    rules: RULE,
    isLeaf: (certificate) => slotOf(certificate) !== undefined,
    isSigner: hasF9Name,
    hasLeafExtensions: hasPivExtensions,
    exportAgain: EXPORT_AGAIN,
    leafMissing: 'there is only the F9 certificate; the attestation of the key is missing',
    signerName: 'that of slot F9',
    signerMissing: {
      detail: 'there is only one certificate; the slot F9 certificate is missing',
      remedy:
        'Add the certificate of slot F9 after the attestation: `yubico-piv-tool -a read-certificate -s f9` or `ykman piv certificates export f9 f9.pem`.',
    },
    swapped: {
      detail: 'the two certificates are in the wrong order: F9 comes first',
      remedy:
        'Put the attestation certificate first and the slot F9 certificate second; you need not export anything again.',
    },
    inOrder: 'attestation certificate first, F9 second',
    signedBySigner: 'signed by the key of slot F9',
    // One YubiKey 5.7.4 has an F9 certificate whose RSA AlgorithmIdentifier lacks NULL (vector pkb-5.7.4-p256-9c).
    deviations: { rsaParametersAbsent: true, remember: true },
    checkLeaf: checkYubikeyLeaf,
    checkSigner: checkF9,
    leafSignatureCause,
    chainCause,
    intermediateCause,
    leadsTo: 'F9 leads to',
  }),
  words: YUBIKEY_WORDS,
  packageFile: 'attestation.pem',
  packageForms: ['pem'],
  uses: [],
  unwrap,
}

/** F9 of firmware 4 and of 5.2.4 has no basicConstraints (published pairs of both). */
const F9_FORM = { withoutConstraints: true } as const

function checkF9(f9: Certificate, leaf: Certificate, checks: CheckList): void {
  const fault = authorityFault(f9, 0, F9_FORM)
  const other = namesIssuer(leaf, f9.subject)
    ? 'the second certificate is not a slot F9 certificate ("Yubico PIV Attestation"): F9 was replaced, or this is another certificate'
    : `the certificate of slot F9 is missing: ${printName(leaf.issuer)} issued the attestation, and the second certificate is ${printName(f9.subject)}`
  const named = hasF9Name(f9)
  const foreign = named ? undefined : otherCause(f9)
  checks.require(
    RULE.f9,
    named && fault === undefined,
    'the second certificate has the name of a slot F9 certificate',
    named ? `the F9 certificate ${fault}` : (foreign?.detail ?? other),
    foreign?.remedy ?? EXPORT_AGAIN,
  )
}
