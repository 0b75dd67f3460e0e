import { sameBytes } from '../../asn1/octets.ts'
import type { EvidenceClaim, EvidenceElement, PkixEvidence } from './read-pkix-evidence.ts'

/** The values of one claim of an element, in order. */
const valuesOf = ({ claims }: EvidenceElement, name: string): readonly NonNullable<EvidenceClaim['value']>[] =>
  claims.flatMap(({ known, value }) => (known?.name === name && value !== undefined ? [value] : []))

/** The keys that a claim of an element gives: SubjectPublicKeyInfo, DER. */
export const keysOf = (element: EvidenceElement, name: 'spki' | 'ak-spki'): readonly Uint8Array[] =>
  valuesOf(element, name).filter((value): value is Uint8Array => value instanceof Uint8Array)

/** Why a verifier must reject what can be read (draft: "it MUST reject the Evidence"), whoever signed it. Empty if nothing speaks against it. */
export function faultsOf({ elements }: PkixEvidence): readonly string[] {
  const faults: string[] = []
  for (const type of ['platform', 'transaction'] as const) {
    const count = elements.filter((element) => element.type === type).length
    if (count > 1) faults.push(`it holds ${count} ${type} elements, and may hold one`)
  }
  for (const element of elements) faults.push(...faultsIn(element))
  const keys = elements.filter(({ type }) => type === 'key')
  const identifiers = keys.flatMap((key) => [...new Set(valuesOf(key, 'identifier'))])
  const twice = identifiers.find((identifier, at) => identifiers.indexOf(identifier) < at)
  if (twice !== undefined) faults.push(`two key elements are of the same key ("${String(twice).slice(0, 60)}")`)
  const attestationKeys = elements.flatMap((element) => keysOf(element, 'ak-spki'))
  if (attestationKeys.some((key, at) => attestationKeys.findIndex((other) => sameBytes(other, key)) < at))
    faults.push('two claims ak-spki are of the same key')
  return faults
}

function faultsIn(element: EvidenceElement): readonly string[] {
  const names = element.claims.flatMap(({ known }) => (known === undefined || known.repeatable ? [] : [known.name]))
  const repeated = names.find((name, at) => names.indexOf(name) < at)
  const level = valuesOf(element, 'fipslevel').find((value) => ![1, 2, 3, 4].includes(Number(value)))
  return [
    ...(repeated === undefined ? [] : [`the claim ${repeated} appears twice in one element`]),
    ...(level === undefined ? [] : [`the claim fipslevel is ${level}, and there are levels 1 to 4`]),
    ...(element.type === 'key' && valuesOf(element, 'identifier').length === 0
      ? ['a key element has no identifier']
      : []),
  ]
}
