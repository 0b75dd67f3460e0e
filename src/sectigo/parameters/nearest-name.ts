/** The known name that a misspelt one was probably meant to be: at most a third of its letters away. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const distances = [...new Set(known)].map((other) => ({
    other,
    distance: editDistance(name.toLowerCase().slice(0, 64), other.toLowerCase()),
  }))
  const best = distances.reduce<(typeof distances)[number] | undefined>(
    (nearest, next) => (nearest === undefined || next.distance < nearest.distance ? next : nearest),
    undefined,
  )
  return best !== undefined && best.distance <= Math.max(1, Math.floor(name.length / 3)) ? best.other : undefined
}

/** Levenshtein, one row at a time. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const current = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      current.push(Math.min(change, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1))
    }
    previous = current
  }
  return previous[b.length] ?? 0
}
