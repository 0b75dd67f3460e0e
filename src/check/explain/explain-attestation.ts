import {
  type AttestationResult,
  type ChainLink,
  describeAttestedKey,
  isUnbound,
} from '../../attestation/contract/attestation-result.ts'
import type { FamilyWords } from '../../attestation/contract/family-words.ts'
import { VERIFIERS } from '../../attestation/verifiers.ts'
import { type CheckRequest, checkAttestation } from '../check-attestation.ts'
import { CLAIM_WORDS } from './claim-words.ts'
import type { ExplainedFact, ExplainedNode, Explanation } from './explanation.ts'

/** Any package of the six families, judged and told. Throws EvidenceError where it is none. */
export function explainAttestation(request: CheckRequest, notes: readonly string[] = []): Explanation {
  const result = checkAttestation(request)
  const { words } = VERIFIERS[result.hsmType]
  return {
    kind: 'attestation',
    hsmType: result.hsmType,
    title: words.title,
    verdict: verdictLine(result),
    facts: deviceFacts(result),
    tree: chainTree(result, words.leaf),
    says: Object.entries(result.claims).flatMap(([name, value]) =>
      value === undefined || TOLD_ALREADY.includes(name)
        ? []
        : [sentence(words, name, Array.isArray(value) ? value.join(', ') || 'nothing' : String(value))],
    ),
    silent: words.silent,
    problems: result.checks.filter(({ status }) => status === 'fail' || status === 'warn'),
    notes,
    result,
    embedded: [],
  }
}

/** Claims that stand among the facts of the device. */
const TOLD_ALREADY: readonly string[] = ['key', 'serial', 'firmware', 'esn']

function sentence({ claims }: FamilyWords, name: string, value: string): string {
  const table = [claims, CLAIM_WORDS].find((each) => Object.hasOwn(each, name))
  return table?.[name]?.(value) ?? `${name}: ${value}.`
}

function verdictLine(result: AttestationResult): string {
  const { genuine, acceptable, trustAnchor, checks } = result
  const anchor = trustAnchor === undefined ? '' : ` (${trustAnchor.origin} anchor: ${trustAnchor.name})`
  if (acceptable) return `genuine and acceptable${isUnbound(result) ? ', not bound to a request' : ''}${anchor}`
  const failed = checks.filter(({ status }) => status === 'fail').length
  return genuine
    ? `genuine${anchor}, but ${failed} ${failed === 1 ? 'check' : 'checks'} of binding or policy failed`
    : `not genuine: ${failed} ${failed === 1 ? 'check' : 'checks'} failed`
}

function deviceFacts({ device, attestedKey: key }: AttestationResult): readonly ExplainedFact[] {
  const fact = (label: string, value: string | undefined): ExplainedFact[] =>
    value === undefined ? [] : [{ label, value }]
  return [
    ...fact('vendor', device.vendor),
    ...fact('model', device.model),
    ...fact('serial', device.serial),
    ...fact('firmware', device.firmware),
    ...fact('FIPS', device.fips),
    ...fact('key', key && describeAttestedKey(key)),
    ...fact('key SHA-256', key?.spkiSha256),
  ]
}

/**
 * The chain leaf first becomes a tree root first, with the anchor on top where one was reached. Two things stand beside that tree: a leaf
 * that the next certificate did not sign, and a name that is certified a second time (Google's certificates of Marvell's card and
 * partition), under its own issuer.
 */
function chainTree(
  { chain, trustAnchor, attestedKey, checks }: AttestationResult,
  leaf: string,
): readonly ExplainedNode[] {
  const torn = checks.some(({ id, status }) => id === 'attestation.leaf-signature' && status === 'fail')
  const seen = new Set<string>()
  const again = new Map<string, ExplainedNode[]>()
  const apart: ExplainedNode[] = []
  let below: readonly ExplainedNode[] = []
  for (const [index, link] of chain.entries()) {
    const role = index === 0 && attestedKey !== undefined ? { role: leaf } : {}
    const node: ExplainedNode = { name: link.subject, ...role, facts: linkFacts(link), children: [] }
    if (seen.has(link.subject)) again.set(link.issuer, [...(again.get(link.issuer) ?? []), node])
    else if (index === 0 && torn) apart.push(node)
    else below = [{ ...node, children: below }]
    seen.add(link.subject)
  }
  for (const [name, children] of again) apart.push({ name, role: 'certifies the same again', facts: [], children })
  if (trustAnchor === undefined) return [...below, ...apart]
  return [
    {
      name: trustAnchor.name,
      role: `trust anchor (${trustAnchor.origin})`,
      facts: [{ label: 'key SHA-256', value: trustAnchor.spkiSha256 }],
      children: below,
    },
    ...apart,
  ]
}

const linkFacts = ({ notAfter, sha256 }: ChainLink): readonly ExplainedFact[] => [
  ...(notAfter === undefined ? [] : [{ label: 'until', value: notAfter.slice(0, 10) }]),
  { label: 'SHA-256', value: sha256 },
]
