import type { Certificate } from '../../asn1/certificate.ts'
import { sameBytes } from '../../asn1/octets.ts'
import type { Cause, CheckList, Rule } from '../contract/check-list.ts'

/** How a family tells its two certificates from others, and what it says of packages in which they are not where they should be. */
export interface RoleWords {
  readonly rules: Readonly<Record<'package', Rule>>
  /** Is it named as the leaf, as the signer's certificate? */
  readonly isLeaf: (certificate: Certificate) => boolean
  readonly isSigner: (certificate: Certificate) => boolean
  /** The signer's certificate as it is told: "that of slot F9". */
  readonly signerName: string
  readonly signerMissing: Cause
  readonly swapped: Cause
  readonly inOrder: string
}

/** The leaf, the signer's certificate, and whatever follows them. */
export interface Roles {
  readonly leaf: Certificate
  readonly signer: Certificate | undefined
  readonly above: readonly Certificate[]
}

/**
 * The leaf must come first and the signer's certificate second. Other orders, and certificates that are there twice, are named, and read
 * as they were meant so that the rest makes sense.
 */
export function assignRoles(
  family: RoleWords,
  first: Certificate,
  rest: readonly Certificate[],
  checks: CheckList,
): Roles {
  const { rules, signerMissing, isLeaf, isSigner } = family
  const [second] = rest
  // Almost every package is such a pair, and nothing below would find more in it.
  const isPair = rest.length === 1 && isLeaf(first) && !isSigner(first)
  if (isPair && second !== undefined && isSigner(second) && !isLeaf(second)) {
    checks.pass(rules.package, family.inOrder)
    return { leaf: first, signer: second, above: [] }
  }
  const all = [first, ...rest]
  const double = all.findIndex((certificate, index) => indexOf(all, certificate) < index)
  if (double >= 0) {
    const once = all.filter((certificate, index) => indexOf(all, certificate) === index)
    const original = all[double]
    const twice = `certificate ${double + 1} is certificate ${original === undefined ? 1 : indexOf(all, original) + 1} once more`
    const alone = once.length === 1
    checks.fail(
      rules.package,
      alone ? `${twice}; ${family.signerName} is missing` : twice,
      alone ? signerMissing.remedy : 'Send every certificate once.',
    )
    return arrange(family, once)
  }
  if (rest.length === 0) {
    checks.fail(rules.package, signerMissing.detail, signerMissing.remedy)
    return { leaf: first, signer: undefined, above: [] }
  }
  const roles = arrange(family, all)
  if (roles.leaf === first && roles.signer === rest[0]) checks.pass(rules.package, family.inOrder)
  else checks.fail(rules.package, orderFault(family, all, roles), family.swapped.remedy)
  return roles
}

/** As they were meant, where exactly one is named as each; otherwise as they are. */
function arrange({ isLeaf, isSigner }: RoleWords, all: readonly Certificate[]): Roles {
  const [first, second, ...above] = all
  if (first === undefined) throw new RangeError('a package without certificates has no roles')
  const leaves = all.filter(isLeaf)
  const signers = all.filter(isSigner)
  const [leaf] = leaves
  const [signer] = signers
  if (leaf === undefined || signer === undefined || leaves.length > 1 || signers.length > 1 || leaf === signer) {
    return { leaf: first, signer: second, above }
  }
  return { leaf, signer, above: all.filter((certificate) => certificate !== leaf && certificate !== signer) }
}

function orderFault(family: RoleWords, all: readonly Certificate[], { leaf, signer }: Roles): string {
  if (all.length === 2) return family.swapped.detail
  const place = (certificate: Certificate | undefined): number =>
    certificate === undefined ? 0 : all.indexOf(certificate) + 1
  return `the certificates are in the wrong order: the attestation is certificate ${place(leaf)}, ${family.signerName} certificate ${place(signer)}`
}

const indexOf = (all: readonly Certificate[], certificate: Certificate): number =>
  all.findIndex(({ der }) => sameBytes(der, certificate.der))
