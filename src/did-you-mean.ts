import { closest, distance } from 'fastest-levenshtein'

/** The candidate that a misspelt word most likely meant, or undefined where none is near. */
export function didYouMean(word: string, candidates: readonly string[]): string | undefined {
  if (candidates.length === 0) return undefined
  const lower = word.toLowerCase()
  const best = closest(
    lower,
    candidates.map((candidate) => candidate.toLowerCase()),
  )
  const found = candidates.find((candidate) => candidate.toLowerCase() === best)
  return found !== undefined && distance(lower, best) <= Math.max(1, Math.floor(found.length / 3)) ? found : undefined
}

/** ` Did you mean "x"?`, or nothing. */
export function didYouMeanHint(word: string, candidates: readonly string[]): string {
  const found = didYouMean(word, candidates)
  return found === undefined ? '' : ` Did you mean "${found}"?`
}
