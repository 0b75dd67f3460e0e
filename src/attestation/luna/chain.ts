import type { Certificate } from '../../asn1/certificate.ts'
import { printName } from '../../asn1/name.ts'
import { CURVES, readablePublicKey } from '../../asn1/public-key.ts'
import type { TrustAnchor } from '../../trust-anchors/trust-anchor.ts'
import { type AnchorKey, anchorKey, anchorsFor } from '../certificates/anchor-keys.ts'
import { anchorThatSigned, isAnchor, isAnchorCopy, namesIssuer, signedBy } from '../certificates/certificate-chain.ts'
import { signatureScheme } from '../certificates/signature-algorithm.ts'
import { verifySignature } from '../certificates/verify-signature.ts'
import type { CheckList } from '../contract/check-list.ts'
import type { VerificationContext } from '../contract/verify-attestation.ts'
import type { LunaForm } from './roles.ts'
import { LUNA_RULES as RULE } from './rules.ts'
import { readLunaSignature } from './signature.ts'

const AGAIN = 'Export the confirmation again on the HSM itself; if it fails again, ask Thales support about this HSM.'
/**
 * Whatever Luna signs with ECDSA has NULL parameters: Thales's published ECC root itself, the leaf, the requests of `cmu`. So may the
 * hardware origin certificate between them. The unsigned r and s stay with the leaf.
 */
const NULL_PARAMETERS = { ecdsaParametersNull: true } as const
const ISSUER = { ...NULL_PARAMETERS, remember: true } as const
/** The root signed itself with SHA-1 in 2002. */
const ROOT = { ...NULL_PARAMETERS, sha1: true } as const

/** Names and signatures from the pinned root downwards; a copy of the root in the file must be that root. */
export function checkLunaChain(
  certificates: readonly Certificate[],
  form: LunaForm,
  context: VerificationContext,
  checks: CheckList,
): TrustAnchor | undefined {
  const path = certificates.slice(0, form.roles.length)
  const top = path[path.length - 1]
  const anchors = anchorsFor('LUNA', context.trustAnchors)
  const anchor = top === undefined ? undefined : anchorThatSigned(top, anchors, ISSUER)
  if (top === undefined || anchor === undefined) {
    checks.fail(RULE.root, noAnchor(top, certificates[form.roles.length], anchors), AGAIN)
    return undefined
  }
  const copy = certificates[form.roles.length]
  checks.require(
    RULE.root,
    copy === undefined || isAnchorCopy(copy, anchorKey(anchor), ROOT),
    `Ends in ${anchor.name}.`,
    `The last certificate is not ${anchor.name}, although ${anchor.name} signed the one before it.`,
    AGAIN,
  )
  for (let index = path.length - 2; index >= 0; index--) {
    const issuer = path[index + 1]
    const certificate = path[index]
    if (issuer === undefined || certificate === undefined) continue
    const named = namesIssuer(certificate, issuer.subject)
    if (named && (index === 0 ? leafSignedBy(certificate, issuer) : signedBy(certificate, issuer.spki, ISSUER)))
      continue
    const role = form.roles[index]?.name
    checks.fail(
      RULE.chain,
      named
        ? `The ${role} certificate is not signed by the key above it: it was altered, or certificates of two HSMs are mixed.`
        : `The ${role} certificate has the issuer ${printName(certificate.issuer)}, but the certificate above it is ${printName(issuer.subject)}.`,
      AGAIN,
    )
    return anchor
  }
  checks.pass(RULE.chain, 'Every certificate is signed by the one above it.')
  return anchor
}

function noAnchor(top: Certificate | undefined, copy: Certificate | undefined, anchors: readonly AnchorKey[]): string {
  const named = top !== undefined && anchors.some(({ subject }) => subject !== undefined && namesIssuer(top, subject))
  if (!named) return 'The confirmation does not end in a pinned Thales root.'
  return copy === undefined || anchors.some((anchor) => isAnchor(copy, anchor))
    ? 'The topmost certificate has a Thales root as issuer, but is not signed by its key.'
    : 'The last certificate has the name of a Thales root but another key: it is forged.'
}

/** The leaf alone may have r and s of full, unsigned length (see `readLunaSignature`). */
function leafSignedBy(leaf: Certificate, issuer: Certificate): boolean {
  const scheme = signatureScheme(leaf.signatureAlgorithm, NULL_PARAMETERS)
  if (scheme?.key !== 'ec') return signedBy(leaf, issuer.spki)
  const octets = groupOctets(issuer.spki)
  const raw = octets === undefined ? undefined : readLunaSignature(leaf.signature, octets)
  return raw !== undefined && verifySignature({ ...scheme, encoding: 'p1363' }, issuer.spki, leaf.tbs, raw)
}

function groupOctets(spki: Uint8Array): number | undefined {
  const key = readablePublicKey(spki)
  return key?.type === 'EC' ? CURVES[key.curveOid]?.octets : undefined
}
