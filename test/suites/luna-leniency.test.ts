/** What the Luna leaf forgives, measured with Wycheproof: one encoding, and never a number. */
import { afterAll, describe, expect, it } from 'vitest'
import { LunaLeaf } from './luna-leaf.ts'
import { groupOctets, lunaEncoding, numbersOf } from './numbers.ts'
import { asCertificate, asRequest, asShared, asSharedCertificate, asStatement } from './signature-paths.ts'
import { algorithmIdentifier, readSuites, type Suite, type Vector } from './wycheproof.ts'

const suites = readSuites().filter(({ scheme }) => scheme.key === 'ec')
const inDer = suites.filter(({ scheme }) => scheme.encoding === 'der')
const inP1363 = suites.filter(({ scheme }) => scheme.encoding === 'p1363')
const luna = new LunaLeaf()

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const sameCase = (a: Vector, b: Vector): boolean => hex(a.spki) === hex(b.spki) && hex(a.message) === hex(b.message)

/** SEQUENCE { r, s } with both INTEGERs of the full length of the group order, one at least with its top bit set. */
function isUnsignedFullLength(signature: Uint8Array, octets: number): boolean {
  const number = `02${octets.toString(16)}(?<N>[0-9a-f]{${2 * octets}})`
  const [r, s] = [number.replace('N', 'r'), number.replace('N', 's')]
  const length = (4 + 2 * octets).toString(16).padStart(2, '0')
  const found = new RegExp(`^30${octets > 61 ? '81' : ''}${length}${r}${s}$`).exec(hex(signature))
  return found !== null && [found.groups?.r, found.groups?.s].some((value) => value !== undefined && value >= '8')
}

const lines: string[] = []
afterAll(() => {
  if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`)
})

describe('the Luna leaf', () => {
  it.each(inDer)(
    '$file: accepts what is valid, and of the rest exactly the unsigned form of a valid signature',
    (suite) => {
      for (const parameters of ['null', 'absent'] as const) {
        const algorithm = algorithmIdentifier(suite.scheme, parameters)
        const forgiven = suite.vectors.filter(
          (vector) => luna.accepts(vector, algorithm) !== (vector.result === 'valid') && reportable(vector),
        )
        const sameNumbers = suite.vectors.filter(
          (vector) =>
            vector.result !== 'valid' &&
            isUnsignedFullLength(vector.signature, groupOctets(suite)) &&
            hasValidTwin(vector, suite),
        )
        expect(forgiven).toEqual(sameNumbers)
        lines.push(
          `${suite.file}, parameters ${parameters}: forgives ${forgiven.length} (${forgiven.map(({ name }) => name).join('; ')})`,
        )
      }
    },
  )

  it('forgives a missing zero octet, and Wycheproof names it so', () => {
    const forgiven = inDer.flatMap((suite) =>
      suite.vectors.filter(
        (vector) => vector.result !== 'valid' && luna.accepts(vector, algorithmIdentifier(suite.scheme, 'null')),
      ),
    )
    expect(forgiven.length).toBeGreaterThan(0)
    for (const { flags, name } of forgiven) expect(flags, name).toEqual(['MissingZero'])
  })

  it('is the only path that forgives it', () => {
    for (const suite of inDer) {
      const { scheme } = suite
      const proper = algorithmIdentifier(scheme, 'absent')
      const odd = algorithmIdentifier(scheme, 'null')
      const everything = { sha1: true, rsaParametersAbsent: true, ecdsaParametersNull: true }
      for (const vector of unsignedForms(suite)) {
        expect(luna.accepts(vector, odd), vector.name).toBe(true)
        expect(asStatement(vector, scheme), vector.name).toBe(false)
        expect(asStatement(vector, { ...scheme, encoding: 'p1363' }), vector.name).toBe(false)
        expect(asShared(vector, scheme), vector.name).toBe(false)
        expect(asRequest(vector, proper), vector.name).toBe(false)
        for (const algorithm of [proper, odd]) {
          expect(asCertificate(vector, algorithm, everything), vector.name).toBe(false)
          expect(asSharedCertificate(vector, algorithm, everything), vector.name).toBe(false)
        }
      }
    }
  })

  it.each(inP1363)(
    '$file: the numbers of every vector, written as a Luna writes them, pass exactly where they are valid',
    (suite) => {
      const algorithm = algorithmIdentifier(suite.scheme, 'null')
      let [passed, refused] = [0, 0]
      for (const vector of suite.vectors) {
        const numbers = numbersOf(vector, suite)
        if (numbers === undefined) continue
        const accepted = luna.accepts({ ...vector, signature: lunaEncoding(numbers) }, algorithm)
        expect(accepted, vector.name).toBe(vector.result === 'valid')
        if (accepted) passed++
        else refused++
      }
      expect(passed).toBe(suite.vectors.filter(({ result }) => result === 'valid').length)
      lines.push(`${suite.file} in Luna's form: ${passed} accepted, ${refused} wrong numbers refused`)
    },
  )

  it.each(inDer)('$file: numbers that are wrong in DER are wrong in its form', (suite) => {
    const algorithm = algorithmIdentifier(suite.scheme, 'null')
    let refused = 0
    for (const vector of suite.vectors) {
      const numbers = vector.result === 'valid' ? undefined : numbersOf(vector, suite)
      if (numbers === undefined) continue
      refused++
      expect(luna.accepts({ ...vector, signature: lunaEncoding(numbers) }, algorithm), vector.name).toBe(false)
    }
    expect(refused).toBeGreaterThan(0)
    lines.push(`${suite.file} in Luna's form: ${refused} wrong numbers refused`)
  })

  it.each(inP1363)('$file: r || s is no signature of a leaf', (suite) => {
    for (const vector of suite.vectors) {
      expect(luna.accepts(vector, algorithmIdentifier(suite.scheme, 'null')), vector.name).toBe(false)
    }
  })
})

/** A difference that leniency may explain; a valid vector that is refused never is. */
function reportable(vector: Vector): boolean {
  expect(vector.result, `refused: ${vector.name}`).not.toBe('valid')
  return true
}

/** Is there a valid vector of the same key and message with the same numbers, this one's read as unsigned? */
function hasValidTwin(vector: Vector, suite: Suite): boolean {
  return suite.vectors.some((twin) => {
    if (twin.result !== 'valid' || !sameCase(twin, vector)) return false
    const numbers = numbersOf(twin, suite)
    return numbers !== undefined && hex(lunaEncoding(numbers)) === hex(vector.signature)
  })
}

/** Valid vectors in the unsigned form, where that is no DER; a score of each file. */
function unsignedForms(suite: Suite): readonly Vector[] {
  return suite.vectors
    .flatMap((vector) => {
      const numbers = vector.result === 'valid' ? numbersOf(vector, suite) : undefined
      return numbers === undefined ? [] : [{ ...vector, signature: lunaEncoding(numbers) }]
    })
    .filter(({ signature }) => !isDer(signature))
    .slice(0, 20)
}

/** No full-length INTEGER reads as negative or has a zero octet too many. */
function isDer(signature: Uint8Array): boolean {
  const half = (signature.length - (signature[1] === 0x81 ? 3 : 2)) / 2
  return [signature.length - half + 2, signature.length - 2 * half + 2].every((at) => {
    const [first = 0, second = 0] = signature.subarray(at)
    return first < 0x80 && (first !== 0 || second >= 0x80)
  })
}
