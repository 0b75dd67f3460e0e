/**
 * HSM type YUBIHSM2: the device signs a certificate for one of its objects with its factory key (id 0), whose own certificate (opaque
 * object 0) chains to Yubico. The extensions say where the key comes from and what may be done with it.
 */
import type { Certificate } from '../../asn1/certificate.ts'
import { printName } from '../../asn1/name.ts'
import { namesIssuer } from '../certificates/certificate-chain.ts'
import { authorityFault } from '../certificates/issuer-rule.ts'
import type { Cause, CheckList } from '../contract/check-list.ts'
import type { FamilyVerifier } from '../contract/verify-attestation.ts'
import { pairVerifier } from '../yubico/verify-pair.ts'
import { deviceChainCause, EXPORT_AGAIN, sharedRootCause } from './causes.ts'
import { hasObjectExtensions, objectIdInName, serialInName, serialOf } from './extensions.ts'
import { checkYubihsm2Leaf } from './leaf.ts'
import { YUBIHSM2_RULES as RULE } from './rules.ts'
import { YUBIHSM2_WORDS } from './words.ts'

export const yubihsm2: FamilyVerifier = {
  ...pairVerifier({
    hsmType: 'YUBIHSM2',
    rules: RULE,
    isLeaf: (certificate) => objectIdInName(certificate) !== undefined,
    isSigner: (certificate) => serialInName(certificate) !== undefined,
    hasLeafExtensions: hasObjectExtensions,
    exportAgain: EXPORT_AGAIN,
    leafMissing: 'there is only the device certificate; the attestation is missing',
    signerName: 'that of the device',
    signerMissing: {
      detail: 'there is only one certificate; the device certificate is missing',
      remedy:
        'Add the device certificate after the attestation: `yubihsm-shell -a get-opaque --object-id 0 --outformat PEM`.',
    },
    swapped: {
      detail: 'the two certificates are in the wrong order: the device certificate comes first',
      remedy:
        'Put the attestation certificate first and the device certificate second; you need not export anything again.',
    },
    inOrder: 'attestation certificate first, device certificate second',
    signedBySigner: "signed by the device's own key",
    // Yubico's B2 intermediates have RSA AlgorithmIdentifiers without NULL; so may what they sign (RFC 4055 section 5: MUST accept).
    deviations: { rsaParametersAbsent: true, remember: true },
    checkLeaf: checkYubihsm2Leaf,
    checkSigner: checkDevice,
    leafSignatureCause,
    chainCause: (_device, top, anchors) => deviceChainCause(top, anchors),
    // A root of the YubiHSM's own vouches for nothing else.
    intermediateCause: (intermediate, anchor) =>
      anchor.hsmTypes.length > 1 ? sharedRootCause(intermediate) : undefined,
    leadsTo: 'the device certificate leads to',
  }),
  words: YUBIHSM2_WORDS,
  packageFile: 'attestation.pem',
  packageForms: ['pem', 'der'],
  uses: [],
}

function leafSignatureCause(leaf: Certificate, device: Certificate): Cause {
  return {
    detail: namesIssuer(leaf, device.subject)
      ? 'the key of this device certificate did not sign the attestation: it was altered, or signed with a key other than id 0'
      : `the attestation was issued by ${printName(leaf.issuer)}, but the second certificate is ${printName(device.subject)}: it belongs to another device, or to another attestation key`,
    remedy: EXPORT_AGAIN,
  }
}

function checkDevice(device: Certificate, leaf: Certificate, checks: CheckList): void {
  const fault = authorityFault(device, 0)
  const named = serialInName(device)
  checks.require(
    RULE.device,
    named !== undefined && fault === undefined,
    'the second certificate is a device certificate',
    named === undefined
      ? `the second certificate (${printName(device.subject)}) is not a YubiHSM 2 device certificate ("YubiHSM Attestation (serial)")`
      : `the device certificate ${fault}`,
    EXPORT_AGAIN,
  )
  const [serial, attested] = [device, leaf].map(serialOf)
  checks.require(
    RULE.serial,
    serial !== undefined && serial === attested && serial === named,
    `serial number ${serial}`,
    `the serial numbers differ: ${attested ?? 'none'} in the attestation, ${serial ?? 'none'} in the device certificate, ${named ?? 'none'} in its name`,
    'Take both certificates from the same device.',
  )
}
