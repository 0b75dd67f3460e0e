import fc from 'fast-check'

/** What is done to a package: a bit flipped, bytes cut out, another stretch written over, bytes put in. */
export type Mutation =
  | { readonly kind: 'flip'; readonly at: number; readonly bit: number }
  | { readonly kind: 'cut'; readonly at: number; readonly length: number }
  | { readonly kind: 'splice'; readonly at: number; readonly from: number; readonly length: number }
  | { readonly kind: 'grow'; readonly at: number; readonly bytes: Uint8Array }

const position = fc.nat({ max: 0xffff })
const length = fc.integer({ min: 1, max: 64 })

export const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('flip' as const), at: position, bit: fc.nat({ max: 7 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut' as const), at: position, length }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('splice' as const), at: position, from: position, length }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('grow' as const),
      at: position,
      bytes: fc.uint8Array({ minLength: 1, maxLength: 32 }),
    }),
  },
)

/** Positions count round the end, so that every mutation hits packages of any size. */
export function mutate(bytes: Uint8Array, change: Mutation): Uint8Array {
  const at = change.at % bytes.length
  switch (change.kind) {
    case 'flip': {
      const out = Uint8Array.from(bytes)
      out[at] = (out[at] ?? 0) ^ (1 << change.bit)
      return out
    }
    case 'cut':
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + change.length)])
    case 'splice': {
      const out = Uint8Array.from(bytes)
      const from = change.from % bytes.length
      out.set(bytes.slice(from, from + Math.min(change.length, bytes.length - at)), at)
      return out
    }
    case 'grow':
      return Buffer.concat([bytes.subarray(0, at), change.bytes, bytes.subarray(at)])
  }
}
