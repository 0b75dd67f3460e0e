import { VERIFIERS } from '../../src/attestation/verifiers.ts'
import { HSM_TYPES } from '../../src/hsm-type.ts'
import { bareSignatures } from './bare-signatures.ts'
import { readCorpus, type Specimen } from './corpus.ts'
import { cost } from './stopwatch.ts'

const now = Date.now()

/** One genuine package of each family, judged again and again, over the bare signature verifications that are made for it. */
export function familyRatios(vectors: string): readonly { readonly what: string; readonly ratio: number }[] {
  const corpus = readCorpus(vectors)
  return HSM_TYPES.flatMap((hsmType) => {
    const specimen = corpus.findLast((candidate) => candidate.hsmType === hsmType && isGenuine(candidate))
    if (specimen === undefined) return []
    const { count, replay } = bareSignatures(() => isGenuine(specimen))
    for (let i = 0; i < 300; i++) isGenuine(specimen)
    const ratio = cost(200, () => isGenuine(specimen)) / cost(200, replay)
    return [{ what: `${hsmType} (${specimen.name}), ${count} signatures`, ratio }]
  })
}

export const isGenuine = ({ hsmType, package: package_, certChains, trustAnchors }: Specimen): boolean =>
  VERIFIERS[hsmType].verify(package_, {
    trustAnchors,
    now,
    ...(certChains === undefined ? {} : { certChains }),
  }).genuine
