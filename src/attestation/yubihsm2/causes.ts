/** Likelier causes for a device certificate that reaches no anchor, so that no refusal says only "invalid signature". */
import type { Certificate } from '../../asn1/certificate.ts'
import { printName } from '../../asn1/name.ts'
import type { AnchorKey } from '../certificates/anchor-keys.ts'
import { namesIssuer, selfIssued } from '../certificates/certificate-chain.ts'
import { commonNameOf } from '../certificates/common-name.ts'
import type { Cause } from '../contract/check-list.ts'

export const EXPORT_AGAIN =
  'Export both again: `yubihsm-shell -a sign-attestation-certificate --object-id … --attestation-id 0 --outformat PEM`, then `-a get-opaque --object-id 0 --outformat PEM`; send them in that order.'

const EXPORT_DEVICE =
  'Attest with the factory key (attesting id 0), and pass opaque object 0 as device certificate: `yubihsm-shell -a get-opaque --object-id 0 --outformat PEM`.'

/** Issuers that explain by their name why no anchor was reached; the newer hierarchy has an intermediate for each application. */
const ISSUER_CAUSES: readonly { readonly name: RegExp; readonly cause: (issuer: string) => Cause }[] = [
  {
    name: /^Yubico YubiHSM \d+ Sub-CA$/,
    cause: (issuer) => ({
      detail: `the device certificate was issued by ${issuer}, which is neither in the package nor known`,
      remedy:
        'Add that Sub-CA to the package: Yubico publishes it at developers.yubico.com/YubiHSM2/Concepts under the authority key identifier of the device certificate.',
    }),
  },
  {
    name: /^YubiHSM Attestation [A-Z]\d* \d+$/,
    cause: (issuer) => ({
      detail: `the device certificate was issued by ${issuer}, an unknown intermediate for the YubiHSM`,
      remedy:
        'Update hsm-enroll. If Yubico published the intermediate after this version was released, compare it with developers.yubico.com/PKI and pass it with `--trust-anchors`.',
    }),
  },
  {
    name: /^Yubico Attestation (Intermediate|Root) /,
    cause: () => ({
      detail:
        "the second certificate, or one above it, was signed by Yubico's newer root without a YubiHSM intermediate in between: a CA certificate is in the place of the device certificate",
      remedy: `${EXPORT_DEVICE} Put it second; CA certificates come after it.`,
    }),
  },
  {
    name: /^Yubico (PIV|FIDO|OPGP|SD) Attestation /,
    cause: (issuer) => ({
      detail: `the second certificate was issued by ${issuer}, a Yubico CA for YubiKeys, which must not vouch for a YubiHSM 2`,
      remedy: EXPORT_DEVICE,
    }),
  },
]

/** Why the device certificate reaches no anchor; `top` is where the chain ends. */
export function deviceChainCause(top: Certificate, anchors: readonly AnchorKey[]): Cause {
  const known = anchors.find(({ subject }) => subject !== undefined && namesIssuer(top, subject))
  if (known !== undefined) {
    return {
      detail: `a certificate says that ${known.anchor.name} signed it, but the pinned key of that name did not: it was forged or altered`,
      remedy: `${EXPORT_DEVICE} If that fails too, this device cannot be attested; use another.`,
    }
  }
  return (
    causeByName(top.issuer) ?? {
      detail: `the chain ends in ${printName(top.issuer)}${selfIssued(top) ? ', which signed itself' : ''}, which is not a Yubico CA: this is not the factory certificate`,
      remedy: EXPORT_DEVICE,
    }
  )
}

/** A CA certificate between the device's and the root that Yubico's products share, and not on the list of YubiHSM intermediates. */
export const sharedRootCause = ({ subject }: Certificate): Cause =>
  causeByName(subject) ?? { detail: `${printName(subject)} must not vouch for a YubiHSM 2`, remedy: EXPORT_DEVICE }

function causeByName(name: Uint8Array): Cause | undefined {
  const commonName = commonNameOf(name) ?? ''
  return ISSUER_CAUSES.find((entry) => entry.name.test(commonName))?.cause(printName(name))
}
