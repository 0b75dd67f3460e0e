import { printName } from '../../asn1/name.ts'
import { isoDay } from '../../iso-day.ts'
import { sha256Hex } from '../../sha256-hex.ts'
import type { CheckRequest } from '../check-attestation.ts'
import {
  type JudgedPkixEvidence,
  judgePkixEvidence,
  type PkixEvidenceContext,
} from '../pkix-evidence/judge-pkix-evidence.ts'
import type { JudgedSignature } from '../pkix-evidence/judge-signature.ts'
import { ARCS, arcOf } from '../pkix-evidence/numbers.ts'
import type { EvidenceClaim, EvidenceElement } from '../pkix-evidence/read-pkix-evidence.ts'
import { type ExplainedNode, type Explanation, fact, keyText } from './explanation.ts'

const DRAFT = 'draft-ietf-rats-pkix-key-attestation'
const LONGEST = 200

/** It is wanted for the key of the request, or for the one that was given instead. */
export const pkixContext = ({
  trustAnchors,
  now,
  csr,
  publicKey,
}: Omit<CheckRequest, 'package'>): PkixEvidenceContext => {
  const spki = csr?.spki ?? publicKey
  return { trustAnchors, now, ...(spki === undefined ? {} : { spki }) }
}

/** Evidence of the draft, with how far it is believed. Throws EvidenceError where it is malformed. */
export function explainPkixEvidence(
  der: Uint8Array,
  context: PkixEvidenceContext,
  notes: readonly string[] = [],
): Explanation {
  const judged = judgePkixEvidence(der, context)
  const { status, reasons, evidence, signatures, keyElements } = judged
  const { elements } = evidence
  const keys = elements.filter(({ type }) => type === 'key')
  const told = context.spki === undefined ? keys : keyElements
  return {
    kind: 'pkix-evidence',
    title: `PKIX evidence of a cryptographic module (${DRAFT}, not an RFC)`,
    verdict: verdictLine(judged),
    facts: [
      fact('numbered under', arcsOf(elements)),
      fact(
        'elements',
        elements
          .map(({ type, oid }) => type ?? oid)
          .join(', ')
          .slice(0, LONGEST),
      ),
      ...elements
        .filter(({ type }) => type === 'transaction' || type === 'platform')
        .flatMap((element) => element.claims.flatMap((claim) => claimFact(claim))),
    ],
    tree: signatures.flatMap(chainOf),
    says: told.flatMap((element) => element.claims.flatMap((claim) => keySentence(claim, element))),
    silent: [
      'that the device is one of a vendor’s: the built-in trust anchors vouch for none of it',
      ...(context.spki === undefined && keys.length > 0
        ? ['which of its keys is yours: pass the request with --csr']
        : []),
    ],
    problems: [
      ...reasons.map((detail) => ({
        ...({ id: 'attestation.pkix-evidence', group: 'attestation', source: DRAFT, detail } as const),
        ...(status === 'rejected'
          ? ({
              status: 'fail',
              remedy:
                'Do not rely on it. If its key is not known, pass the certificate of that key with --trust-anchors.',
            } as const)
          : ({
              status: 'warn',
              remedy: 'Pass the root of whoever vouches for the module with --trust-anchors.',
            } as const)),
      })),
      ...(context.spki !== undefined && keyElements.length === 0
        ? [
            {
              ...({ id: 'binding.pkix-evidence', group: 'binding', status: 'fail', source: DRAFT } as const),
              detail: `none of the keys that it reports (${keys.length}) is that of the request`,
              remedy: 'Have the device write evidence of the key that signed the request.',
            },
          ]
        : []),
    ],
    notes,
    pkixEvidence: { status, reasons, keyReported: context.spki === undefined ? null : keyElements.length > 0 },
    embedded: [],
  }
}

/** One line, for whoever has a verdict of another kind beside it. */
export function pkixEvidenceNote(der: Uint8Array, context: PkixEvidenceContext): string {
  const judged = judgePkixEvidence(der, context)
  const key =
    context.spki === undefined
      ? ''
      : judged.keyElements.length > 0
        ? '; it reports the key'
        : '; it does not report the key'
  return `PKIX evidence (${DRAFT}): ${verdictLine(judged)}${key}; it does not count for the verdict`
}

const WORDS: Readonly<Record<JudgedPkixEvidence['status'], string>> = {
  verified: 'verified against a trust anchor of yours; not a verdict on a device',
  'not-verified': 'recognised, not verified',
  rejected: 'rejected',
}

const verdictLine = ({ status, reasons }: JudgedPkixEvidence): string =>
  reasons.length === 0 ? WORDS[status] : `${WORDS[status]}: ${reasons.join('; ').slice(0, 2 * LONGEST)}`

function arcsOf(elements: readonly EvidenceElement[]): string {
  const met = ARCS.filter((arc) => elements.some(({ oid }) => arcOf(oid) === arc))
  const words = met.map(({ root, usedBy, attestationKeyPurpose }) =>
    attestationKeyPurpose === undefined ? `${root} (${usedBy}; passed over)` : `${root} (not assigned; ${usedBy})`,
  )
  return words.join('; ') || 'none that is known here'
}

const claimFact = (claim: EvidenceClaim) =>
  claim.known === undefined ? [] : [fact(claim.known.name, valueText(claim))]

function valueText({ known, value }: EvidenceClaim): string {
  if (known?.kind === 'time' && typeof value === 'number') return new Date(value).toISOString()
  if (known?.kind === 'key' && value instanceof Uint8Array) return `${keyText(value)}, SHA-256 ${sha256Hex(value)}`
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex').slice(0, LONGEST)
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  return (Array.isArray(value) ? value.join(', ') : String(value)).slice(0, LONGEST)
}

/** The key is named in each sentence: there may be several of them, and they may say opposite things. */
function keySentence(claim: EvidenceClaim, { claims }: EvidenceElement): readonly string[] {
  if (claim.known === undefined || claim.known.name === 'identifier') return []
  const names = claims.filter(({ known }) => known?.name === 'identifier').map(valueText)
  return [
    `key ${names
      .map((name) => `"${name}"`)
      .join(' = ')
      .slice(0, LONGEST)}: ${claim.known.name} ${valueText(claim)}`,
  ]
}

/** The chain of one signer, root first. */
function chainOf({ chain, anchor, status, detail }: JudgedSignature): readonly ExplainedNode[] {
  let below: readonly ExplainedNode[] = []
  for (const [at, certificate] of chain.entries()) {
    const role = at === 0 ? { role: `attestation key, ${status === 'trusted' ? 'trusted' : detail}` } : {}
    const facts = [fact('until', isoDay(certificate.notAfter)), fact('SHA-256', sha256Hex(certificate.der))]
    below = [{ name: printName(certificate.subject), ...role, facts, children: below }]
  }
  if (anchor === undefined) return below
  const facts = [fact('key SHA-256', anchor.spkiSha256)]
  return [{ name: anchor.name, role: `trust anchor (${anchor.origin})`, facts, children: below }]
}
