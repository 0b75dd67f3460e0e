import { distance } from 'fastest-levenshtein'

/** The candidate that a misspelt word most likely meant, or undefined where none is near. */
export function didYouMean(word: string, candidates: readonly string[]): string | undefined {
  const lower = word.toLowerCase()
  const [best] = candidates
    .map((candidate) => ({ candidate, slips: slipsBetween(lower, candidate.toLowerCase()) }))
    .sort((one, other) => one.slips - other.slips)
  if (best === undefined) return undefined
  return best.slips <= Math.max(1, Math.floor(best.candidate.length / 3)) ? best.candidate : undefined
}

/** Two neighbours that changed places are one slip of the fingers, not two. */
function slipsBetween(word: string, candidate: string): number {
  const at = [...candidate].findIndex((letter, index) => letter !== word[index])
  const swapped = `${candidate.slice(0, at)}${candidate.charAt(at + 1)}${candidate.charAt(at)}${candidate.slice(at + 2)}`
  return at !== -1 && swapped === word ? 1 : distance(word, candidate)
}

/** ` Did you mean "x"?`, or nothing. */
export function didYouMeanHint(word: string, candidates: readonly string[]): string {
  const found = didYouMean(word, candidates)
  return found === undefined ? '' : ` Did you mean "${found}"?`
}
