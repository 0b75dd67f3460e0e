import type { Certificate } from '../../asn1/certificate.ts'
import { DerError } from '../../asn1/der-error.ts'
import { printName } from '../../asn1/name.ts'
import { sameBytes } from '../../asn1/octets.ts'
import type { TrustAnchor } from '../../trust-anchors/trust-anchor.ts'
import { type AnchorKey, anchorsFor } from '../certificates/anchor-keys.ts'
import {
  anchorThatSigned,
  isAnchorCopy,
  namesIssuer,
  parseIssuerCertificate,
  selfIssued,
  signedBy,
} from '../certificates/certificate-chain.ts'
import { checkValidity } from '../certificates/certificate-validity.ts'
import type { CheckList } from '../contract/check-list.ts'
import { EvidenceError } from '../contract/evidence-error.ts'
import type { VerificationContext } from '../contract/verify-attestation.ts'
import { readCertificatePackage } from '../package/certificate-package.ts'
import { checkConstraints, type MarvellCertificates } from './constraints.ts'
import { MARVELL_RULES as RULE } from './rules.ts'

/** The certificates of both chains, and the anchor of each. */
export interface MarvellChains extends MarvellCertificates {
  readonly manufacturer: TrustAnchor
}

const REMEMBER = { remember: true } as const
const FETCH =
  'Fetch the chains of the same key version: "gcloud kms keys versions get-certificate-chain V --key … --output-file chain.pem", and pass them with the statement.'

/**
 * Reads the certificates that came along, in whatever order; one that came along twice is one (Google's script puts them into a set).
 * Undefined (and a failed check) where there are none or they are no certificates.
 */
export function readMarvellChains(
  certChains: Uint8Array | undefined,
  checks: CheckList,
): readonly Certificate[] | undefined {
  if (certChains === undefined || certChains.length === 0) {
    checks.fail(RULE.manufacturerChain, 'There are no certificate chains: the statement alone proves nothing.', FETCH)
    return undefined
  }
  try {
    return readCertificatePackage(certChains)
      .map((der) => parseIssuerCertificate(der))
      .filter((certificate, index, all) => all.findIndex(({ der }) => sameBytes(der, certificate.der)) === index)
  } catch (error) {
    if (!(error instanceof EvidenceError || error instanceof DerError)) throw error
    checks.fail(RULE.manufacturerChain, `The certificate chains cannot be read. ${error.message}`, FETCH)
    return undefined
  }
}

/**
 * Sorts the certificates by issuer and key and verifies both chains. Card certificates are X.509 v1 without extensions and say
 * nothing of being a CA, so ordinary path validation refuses them: names, keys and signatures decide.
 */
export function checkMarvellChains(
  certificates: readonly Certificate[],
  context: VerificationContext,
  checks: CheckList,
): MarvellChains | undefined {
  const anchors = anchorsFor('MARVELL_GOOGLE', context.trustAnchors)
  const roots = certificates.filter(selfIssued)
  const pool = certificates.filter((certificate) => !selfIssued(certificate))
  const candidates = manufacturerChains(pool, anchors)
  const [first] = candidates
  if (first === undefined) return failManufacturer(pool, anchors, checks)
  // To anchors without a role, as a user gives them in PEM, the owner's card certificate looks like the maker's: its key is the same.
  const made = candidates.find((candidate) => 'owner' in ownerChain(pool, candidate, anchors)) ?? first
  checks.pass(RULE.manufacturerChain, `${made.manufacturer.name} certifies the card, the card its partition.`)
  const owned = ownerChain(pool, made, anchors)
  if (owned.signer !== undefined) checks.pass(RULE.ownerChain, `${owned.signer.name} certifies card and partition.`)
  if (!('owner' in owned)) {
    checks.fail(owned.signer === undefined ? RULE.ownerChain : RULE.sameKeys, owned.fault, FETCH)
    return undefined
  }
  checks.pass(RULE.sameKeys, 'Both chains certify the same card key and the same partition key.')
  const { ownerCard, ownerPartition, owner } = owned
  const chains = { ...made, ownerCard, ownerPartition, owner }
  checkLeftovers(chains, pool, roots, anchors, checks)
  checkConstraints(chains, FETCH, checks)
  checkValidity(
    RULE.validity,
    [made.card, made.partition, ownerCard, ownerPartition],
    [made.manufacturer, owner],
    context.now,
    'Create a new key version, which will be on a card with current certificates.',
    checks,
  )
  return chains
}

type Made = Pick<MarvellChains, 'card' | 'partition' | 'manufacturer'>
type Owned = Pick<MarvellChains, 'ownerCard' | 'ownerPartition' | 'owner'>

const makersOf = (anchors: readonly AnchorKey[]): readonly AnchorKey[] =>
  anchors.filter(({ anchor }) => anchor.authority !== 'owner')

/** Marvell's root, the card, the partition: every way in which the certificates make that chain. */
function manufacturerChains(pool: readonly Certificate[], anchors: readonly AnchorKey[]): readonly Made[] {
  const makers = makersOf(anchors)
  return pool.flatMap((card) => {
    const manufacturer = anchorThatSigned(card, makers, REMEMBER)
    if (manufacturer === undefined) return []
    const partition = pool.find((other) => namesIssuer(other, card.subject) && signedBy(other, card.spki, REMEMBER))
    return partition === undefined ? [] : [{ card, partition, manufacturer }]
  })
}

function failManufacturer(pool: readonly Certificate[], anchors: readonly AnchorKey[], checks: CheckList): undefined {
  checks.fail(RULE.manufacturerChain, manufacturerFault(pool, makersOf(anchors)), FETCH)
}

function manufacturerFault(pool: readonly Certificate[], makers: readonly AnchorKey[]): string {
  const named = pool.filter((one) => makers.some(({ subject }) => subject !== undefined && namesIssuer(one, subject)))
  const cards = named.filter((card) => anchorThatSigned(card, makers, REMEMBER) !== undefined)
  if (named.length === 0) {
    const stranger = unknownRoot(pool)
    return stranger === undefined
      ? 'The manufacturer chain (card and partition under Marvell’s root) is missing.'
      : `The chains lead to ${stranger}, which is no pinned root of the manufacturer’s.`
  }
  if (cards.length === 0) {
    return 'The card’s certificate has Marvell’s root as issuer, but the root’s key did not sign it: it was altered, or the root is forged.'
  }
  return cards.some((card) => pool.some((other) => namesIssuer(other, card.subject)))
    ? 'The manufacturer chain does not verify: the partition’s certificate was altered, or card and partition belong to two HSMs.'
    : 'The manufacturer’s certificate of the partition is missing.'
}

/** The issuer of a certificate that itself issued another one here: a root that somebody has, and that is not pinned. */
function unknownRoot(pool: readonly Certificate[]): string | undefined {
  const card = pool.find((one) => pool.some((other) => other !== one && namesIssuer(other, one.subject)))
  return card && printName(card.issuer)
}

/** No owner's chain: `signer` is the root that signed some of it. */
interface NotOwned {
  readonly signer: TrustAnchor | undefined
  readonly fault: string
}

/** Google's root certifies the card, and the partition directly: siblings, not a chain. */
function ownerChain(
  pool: readonly Certificate[],
  made: Made,
  anchors: readonly AnchorKey[],
): (Owned & { readonly signer: TrustAnchor }) | NotOwned {
  // By key: a root that is built in and given by the user as well is one root, and vouches for one of the two.
  const owners = anchors.filter(
    ({ anchor }) => anchor.authority !== 'manufacturer' && anchor.spkiSha256 !== made.manufacturer.spkiSha256,
  )
  const owned = pool.flatMap((certificate) => {
    const owner = anchorThatSigned(certificate, owners, REMEMBER)
    return owner === undefined ? [] : [{ certificate, owner }]
  })
  const signer = owned[0]?.owner
  if (signer === undefined) {
    const issuers = [
      ...new Set(
        pool.filter((one) => one !== made.card && one !== made.partition).map(({ issuer }) => printName(issuer)),
      ),
    ]
    const fault =
      issuers.length === 0
        ? 'No certificate is signed by Google’s root: the owner chain is missing.'
        : `No certificate is signed by Google’s root: those that could be are issued by ${issuers.slice(0, 2).join(' and ')}, or were altered.`
    return { signer, fault }
  }
  const byKey = (spki: Uint8Array) => owned.find(({ certificate }) => sameBytes(certificate.spki, spki))
  const card = byKey(made.card.spki)
  const partition = byKey(made.partition.spki)
  if (card === undefined || partition === undefined || card.owner !== partition.owner) {
    const which = card === undefined ? 'card' : 'partition'
    return {
      signer,
      fault: `The owner’s ${which} certificate is missing or certifies another key than the manufacturer’s: the chains belong to two HSMs, or are incomplete.`,
    }
  }
  return { signer, ownerCard: card.certificate, ownerPartition: partition.certificate, owner: card.owner }
}

/** Four certificates; roots may come along as copies of those that are pinned. */
function checkLeftovers(
  { card, partition, ownerCard, ownerPartition }: MarvellChains,
  pool: readonly Certificate[],
  roots: readonly Certificate[],
  anchors: readonly AnchorKey[],
  checks: CheckList,
): void {
  const used = [card, partition, ownerCard, ownerPartition]
  const forged = roots.find((root) => !anchors.some((anchor) => isAnchorCopy(root, anchor)))
  const extra = pool.find((certificate) => !used.includes(certificate))
  if (forged !== undefined) {
    checks.fail(
      RULE.certificates,
      `The self-signed ${printName(forged.subject)} is not a pinned root: it is forged, or of another vendor.`,
      FETCH,
    )
  } else if (extra !== undefined) {
    checks.fail(RULE.certificates, `The certificate ${printName(extra.subject)} belongs to neither chain.`, FETCH)
  } else checks.pass(RULE.certificates, 'Every certificate belongs to one of the two chains.')
}
