/** Likelier causes for a chain that does not hold, so that no refusal says only "invalid signature", and what to do. */
import type { Certificate } from '../../asn1/certificate.ts'
import { printName } from '../../asn1/name.ts'
import { sameBytes } from '../../asn1/octets.ts'
import type { AnchorKey } from '../certificates/anchor-keys.ts'
import { namesIssuer, selfIssued } from '../certificates/certificate-chain.ts'
import { commonNameOf } from '../certificates/common-name.ts'
import { type OtherEvidence, otherEvidence } from '../certificates/other-evidence.ts'
import { signatureScheme } from '../certificates/signature-algorithm.ts'
import type { Cause } from '../contract/check-list.ts'

export const EXPORT_AGAIN =
  'Export it again: `yubico-piv-tool -a attest -s 9c` (or the slot of your key) for the attestation, `-a read-certificate -s f9` for F9; send both, in that order.'

const EXPORT_F9 =
  'Export F9 from the device that created the attestation: `yubico-piv-tool -a read-certificate -s f9` or `ykman piv certificates export f9 f9.pem`.'

/** The certificates are evidence of something else, by what they say: another maker's PIV card, a passkey, an OpenPGP key. */
export function otherCause(certificate: Certificate): (Cause & Pick<OtherEvidence, 'card'>) | undefined {
  const other = otherEvidence(certificate.der)
  return (
    other && {
      card: other.card ?? { vendor: 'unknown', model: 'not a PIV card' },
      detail: `this is not a PIV attestation of a YubiKey: it is ${other.what}`,
      remedy:
        'Attest a key in a PIV slot of a YubiKey (`yubico-piv-tool -a attest -s 9c`). A CA accepts no other card as YUBIKEY.',
    }
  )
}

/** Issuers of an F9 certificate that explain by their name why no anchor was reached. */
const ISSUER_CAUSES: readonly { readonly name: RegExp; readonly cause: Cause }[] = [
  {
    name: /preview/i,
    cause: {
      detail: 'F9 was signed by a CA for preview hardware, which vouches for nothing',
      remedy: 'Use a YubiKey that was sold, not a preview sample.',
    },
  },
  {
    name: /^Yubico (FIDO|OPGP|SD) Attestation /,
    cause: {
      detail:
        'the second certificate was signed by a Yubico CA of another application (FIDO, OpenPGP or Security Domain)',
      remedy: EXPORT_F9,
    },
  },
  {
    name: /^Yubico Attestation (Intermediate|Root) /,
    cause: {
      detail:
        "the second certificate, or one above it, was signed by Yubico's newer root without a PIV intermediate in between: a CA certificate is in the place of the slot F9 certificate",
      remedy: `${EXPORT_F9} Put it second; CA certificates, if they are wanted at all, come after it.`,
    },
  },
  {
    name: /^(YubiHSM|Yubico YubiHSM)/,
    cause: {
      detail: 'the certificates are those of a YubiHSM 2, not of a YubiKey',
      remedy: 'Use the hsmType YUBIHSM2 for this package.',
    },
  },
  {
    name: /^Yubico PIV Attestation /,
    cause: {
      detail: 'F9 was signed by an unknown Yubico PIV intermediate',
      remedy:
        'Update hsm-enroll. If Yubico published the intermediate after this version was released, compare it with developers.yubico.com/PKI and pass it with `--trust-anchors`.',
    },
  },
]

/** Why the leaf does not belong to the F9 certificate beside it. */
export function leafSignatureCause(leaf: Certificate, f9: Certificate): Cause {
  if (sameBytes(leaf.der, f9.der)) {
    return { detail: 'the same certificate appears twice; the slot F9 certificate is missing', remedy: EXPORT_F9 }
  }
  if (signatureScheme(leaf.signatureAlgorithm) === undefined) {
    return {
      detail: `the signature algorithm of the attestation (${leaf.signatureAlgorithm.oid}), or its parameters, are not used in attestations`,
      remedy: 'Export the attestation from the device again, and do not edit it.',
    }
  }
  if (!namesIssuer(leaf, f9.subject)) {
    return {
      detail: `the attestation was issued by ${printName(leaf.issuer)}, but the second certificate is ${printName(f9.subject)}: it is not an F9 certificate of this device`,
      remedy: EXPORT_F9,
    }
  }
  if (leaf.notBefore !== f9.notBefore || leaf.notAfter !== f9.notAfter) {
    return {
      detail:
        "the F9 certificate belongs to another YubiKey: an attestation has the dates of its device's F9 certificate, and these differ",
      remedy: EXPORT_F9,
    }
  }
  return {
    detail:
      'the key of this F9 certificate did not sign the attestation: the F9 certificate belongs to another YubiKey or batch, or slot F9 has a new key but still the old certificate, or the attestation was altered',
    remedy: `${EXPORT_F9} If the key of slot F9 was replaced, its factory key cannot be restored: use another YubiKey.`,
  }
}

/** Why F9 reaches no anchor. */
export function chainCause(f9: Certificate, top: Certificate, anchors: readonly AnchorKey[]): Cause {
  const issuer = commonNameOf(top.issuer) ?? printName(top.issuer)
  const known = anchors.find(({ subject }) => subject !== undefined && namesIssuer(top, subject))
  if (known !== undefined) {
    return {
      detail: `the certificate says that ${known.anchor.name} signed it, but the pinned key of that name did not: it was forged or altered`,
      remedy: `${EXPORT_F9} If that fails too, this YubiKey cannot be attested; use another.`,
    }
  }
  const named = otherCause(f9) ?? causeByName(issuer)
  if (named !== undefined) return named
  if (top !== f9) {
    return {
      detail: `the chain of F9 ends with ${printName(top.issuer)}, which is not a Yubico CA and is not in the package with a trusted key`,
      remedy: `If this chain is your own, pass its root with \`--trust-anchors\`, and include every certificate in between. Otherwise: ${EXPORT_F9}`,
    }
  }
  const how = selfIssued(f9)
    ? 'F9 signed itself'
    : `F9 was signed by ${printName(top.issuer)}, which is not a Yubico CA`
  return {
    detail: `${how}: the factory certificate of slot F9 was replaced, or this is not a YubiKey`,
    remedy:
      'The factory key of F9 cannot be restored, not even by a reset of the PIV application: use another YubiKey. Only a CA that trusts the replacement could accept it.',
  }
}

/** A CA certificate of Yubico's own between F9 and a built-in root that is not on the list of PIV intermediates. */
export function intermediateCause(intermediate: Certificate): Cause {
  return (
    causeByName(commonNameOf(intermediate.subject) ?? '') ?? {
      detail: `${printName(intermediate.subject)} is between F9 and the root, but is not a known Yubico PIV intermediate`,
      remedy: EXPORT_F9,
    }
  )
}

const causeByName = (commonName: string): Cause | undefined =>
  ISSUER_CAUSES.find(({ name }) => name.test(commonName))?.cause
