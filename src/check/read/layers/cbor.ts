import { decode, Tokenizer } from 'cborg'
import type { Layer, Part } from '../layer.ts'
import { Unreadable } from '../unreadable.ts'

/** Values in all, which bounds the nesting, too: an attestation object has some twenty. */
const MAX_TOKENS = 256
/** A map of one to five members, which every attestation object is (WebAuthn 6.5, ACME device-attest-01). */
const isMap = (byte: number | undefined): boolean => byte !== undefined && byte >= 0xa1 && byte <= 0xa5

/** The attestation object of ACME's device-attest-01, as `step` writes it: the certificates under `x5c`. */
export const cborLayer: Layer<Uint8Array> = (bytes) => {
  // The first name in it is a text of one to 23 characters.
  if (!isMap(bytes[0]) || ((bytes[1] ?? 0) & 0xe0) !== 0x60) return undefined
  const object = decodeMap(bytes)
  const statement = member(object, 'attStmt')
  const format = member(object, 'fmt')
  if (!(statement instanceof Map)) return undefined
  if (format !== 'step') {
    throw new Unreadable(
      `it is an attestation object of the format "${String(format).slice(0, 40)}", not of a key in a PIV slot`,
      'Attest the key in its slot (`yubico-piv-tool -a attest -s 9c`), and give that.',
    )
  }
  const x5c = statement.get('x5c')
  const parts = Array.isArray(x5c)
    ? x5c.filter((item): item is Uint8Array => item instanceof Uint8Array).map((der): Part => ({ bytes: der }))
    : []
  if (parts.length === 0)
    throw new Unreadable('the attestation object holds no certificates (x5c)', 'Attest the key again.')
  return {
    parts: [{ bytes: Buffer.concat(parts.map((part) => part.bytes)) }],
    note: 'took the certificates out of an ACME attestation object',
  }
}

function decodeMap(bytes: Uint8Array): unknown {
  const options = { useMaps: true, rejectDuplicateMapKeys: true, strict: false }
  try {
    return decode(bytes, { ...options, tokenizer: bounded(new Tokenizer(bytes, options)) })
  } catch (cause) {
    throw new Unreadable('the CBOR is cut off or damaged', 'Pass the attestation object as it was written.', { cause })
  }
}

function bounded(tokenizer: Tokenizer): Pick<Tokenizer, 'done' | 'next' | 'pos'> {
  let tokens = 0
  return {
    done: () => tokenizer.done(),
    pos: () => tokenizer.pos(),
    next: () => {
      if (++tokens > MAX_TOKENS) throw new RangeError('too many values')
      return tokenizer.next()
    },
  }
}

const member = (value: unknown, name: string): unknown => (value instanceof Map ? value.get(name) : undefined)
