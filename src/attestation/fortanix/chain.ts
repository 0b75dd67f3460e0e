import type { Certificate } from '../../asn1/certificate.ts'
import { printName } from '../../asn1/name.ts'
import { isoDay } from '../../iso-day.ts'
import { sha256Hex } from '../../sha256-hex.ts'
import type { TrustAnchor } from '../../trust-anchors/trust-anchor.ts'
import { type AnchorKey, anchorHolds, anchorKey, anchorsFor } from '../certificates/anchor-keys.ts'
import { isAnchor, isAnchorCopy, namesIssuer, selfIssued, validAt } from '../certificates/certificate-chain.ts'
import { walkToAnchor } from '../certificates/walk-to-anchor.ts'
import type { Cause, CheckList } from '../contract/check-list.ts'
import type { VerificationContext } from '../contract/verify-attestation.ts'
import { FORTANIX_RULES as RULE } from './rules.ts'

export const ASK_AGAIN =
  'Request the statement from DSM again (POST /crypto/v1/keys/key_attestation) and send its reply unchanged.'

/** The same cluster would send the same root again. */
const OTHER_ROOT =
  'Generate the key on a DSM whose attestation ends in the root that Fortanix publishes; pass the root of your own cluster with `--trust-anchors`.'

export interface FortanixChain {
  readonly authority: Certificate
  readonly ca: Certificate
  readonly anchor: TrustAnchor
}

/** Statement, authority, CA, pinned root; every certificate that came along must be one of them, once. */
export function checkFortanixChain(
  statement: Certificate,
  pool: readonly Certificate[],
  context: VerificationContext,
  checks: CheckList,
): FortanixChain | undefined {
  const anchors = anchorsFor('FORTANIX', context.trustAnchors)
  const path = walkToAnchor(statement, pool, anchors, { remember: true })
  const [, authority, ca] = path.certificates
  if (path.anchor === undefined) {
    const { detail, remedy } = noAnchor(path.failure, path.certificates, pool, anchors)
    checks.fail(RULE.chain, detail, remedy)
    return undefined
  }
  if (authority === undefined || ca === undefined || path.certificates.length !== 3) {
    checks.fail(
      RULE.chain,
      `The chain has ${path.certificates.length} certificates below the root, expected statement, authority and CA.`,
      ASK_AGAIN,
    )
    return undefined
  }
  const extra = leftover([authority, ca], pool, path.anchor)
  checks.require(RULE.chain, extra === undefined, `Ends in ${path.anchor.name}.`, extra ?? '', ASK_AGAIN)
  return { authority, ca, anchor: path.anchor }
}

function noAnchor(
  failure: string | undefined,
  path: readonly Certificate[],
  pool: readonly Certificate[],
  anchors: readonly AnchorKey[],
): Cause {
  const last = path[path.length - 1]
  if (last === undefined) return { detail: 'There is no chain.', remedy: ASK_AGAIN }
  const name = printName(last.subject)
  const forged = pool.find(
    (candidate) =>
      selfIssued(candidate) &&
      anchors.some(({ subject }) => subject !== undefined && namesIssuer(candidate, subject)) &&
      !anchors.some((anchor) => isAnchor(candidate, anchor)),
  )
  if (forged !== undefined) {
    return {
      detail:
        'The root in the chain has Fortanix’s name but another key: it belongs to a test cluster, or it is forged.',
      remedy: OTHER_ROOT,
    }
  }
  if (selfIssued(last)) return { detail: `The chain ends in ${name}, which is not a pinned root.`, remedy: OTHER_ROOT }
  return {
    detail:
      failure === 'signature'
        ? `The signature on ${name} does not verify under its issuer: it was altered, or parts of two statements are mixed.`
        : `The issuer of ${name}, ${printName(last.issuer)}, is neither in "authority_chain" nor pinned.`,
    remedy: ASK_AGAIN,
  }
}

/** What is in the pool beside the path: a copy of the root may be, nothing else. */
function leftover(used: readonly Certificate[], pool: readonly Certificate[], anchor: TrustAnchor): string | undefined {
  const seen = new Set<string>()
  for (const certificate of pool) {
    const fingerprint = sha256Hex(certificate.der)
    if (seen.has(fingerprint))
      return `The certificate ${printName(certificate.subject)} appears twice in "authority_chain".`
    seen.add(fingerprint)
    if (!isAnchorCopy(certificate, anchorKey(anchor)) && !used.some((one) => sha256Hex(one.der) === fingerprint)) {
      return `The certificate ${printName(certificate.subject)} in "authority_chain" does not belong to this statement.`
    }
  }
  return undefined
}

/**
 * The statement is judged at the moment when it was signed (its notBefore): DSM returns stored statements long after the authority
 * that signed them has ended.
 */
export function checkSigningTime(
  statement: Certificate,
  { authority, ca, anchor }: FortanixChain,
  now: number,
  checks: CheckList,
): void {
  const signed = statement.notBefore
  const outside = [authority, ca].find((certificate) => !validAt(certificate, signed))
  const fail = (detail: string, remedy = ASK_AGAIN): unknown => checks.fail(RULE.signingTime, detail, remedy)
  if (signed > now) {
    fail(`The statement was signed on ${isoDay(signed)}, in the future.`, 'Check the clock of this computer.')
  } else if (now > statement.notAfter) {
    fail(`The statement ended on ${isoDay(statement.notAfter)}.`)
  } else if (outside !== undefined) {
    const when =
      signed < outside.notBefore
        ? `begins on ${new Date(outside.notBefore).toISOString()}`
        : `ended on ${isoDay(outside.notAfter)}`
    fail(
      `The statement was signed on ${new Date(signed).toISOString()}, but ${printName(outside.subject)} ${when}: an authority lives a month.`,
    )
  } else if (!anchorHolds(anchor, signed)) {
    fail(
      `The trust anchor ${anchor.name} was not valid on ${isoDay(signed)}.`,
      'Update hsm-enroll: you need newer trust anchors.',
    )
  } else checks.pass(RULE.signingTime, `Signed on ${isoDay(signed)}, when authority, CA and root were valid.`)

  if (now > authority.notAfter) {
    checks.warn(
      RULE.authorityAge,
      `The authority's certificate ended on ${isoDay(authority.notAfter)}; a CA that judges by today's date may refuse the statement.`,
      'Request a new statement from DSM before you order.',
    )
  } else checks.pass(RULE.authorityAge, `The authority's certificate lasts until ${isoDay(authority.notAfter)}.`)
}
