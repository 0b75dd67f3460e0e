/** Are the octets `from` to `to` of `source` these? */
export function sameOctets(source: Uint8Array, from: number, to: number, octets: Uint8Array): boolean {
  if (octets.length !== to - from) return false
  for (let at = 0; at < octets.length; at++) if (octets[at] !== source[from + at]) return false
  return true
}

export const sameBytes = (a: Uint8Array, b: Uint8Array): boolean => a === b || sameOctets(a, 0, a.length, b)
