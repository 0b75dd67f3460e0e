import { type DecodedText, decodeText } from '../../../asn1/decode-text.ts'
import { inner, type Layer, type Peeled } from '../layer.ts'
import { Unreadable } from '../unreadable.ts'
import { base64Layer, dataUriLayer } from './base64.ts'
import { htmlLayer } from './html.ts'
import { invisibleLayer } from './invisible.ts'
import { jsonLayer } from './json.ts'
import { namedValues } from './named-values.ts'
import { pemLayer } from './pem.ts'
import { formLayer, percentLayer } from './percent.ts'
import { quotedLayer } from './quoted.ts'
import { wrongText } from './wrong-file.ts'

/** What a text may be wrapped in or written as. The first that finds its own form in it goes on. */
const TEXT_LAYERS: readonly Layer<string>[] = [
  invisibleLayer,
  dataUriLayer,
  jsonLayer,
  pemLayer,
  quotedLayer,
  htmlLayer,
  percentLayer,
  formLayer,
  namedLayer,
  base64Layer,
]

/** Anything that is text, in whatever encoding. */
export const textLayer: Layer<Uint8Array> = (bytes) => {
  const decoded = decodeText(bytes) ?? decodePem(bytes)
  if (decoded === undefined) return undefined
  if (decoded.unwrapped !== undefined) return inner(decoded.text, `removed ${decoded.unwrapped}`)
  return peelText(decoded.text)
}

/** PEM with a comment in some 8-bit code page, or with what old editors leave at the end: the blocks are ASCII all the same. */
function decodePem(bytes: Uint8Array): DecodedText | undefined {
  const text = Buffer.from(bytes).toString('latin1')
  return text.includes('-----BEGIN ') ? { text } : undefined
}

/** PEM that is broken as it stands may be whole below a layer that is taken off later: its fault is told only where none is. */
function peelText(text: string): Peeled {
  const wrong = wrongText(text)
  let fault: Unreadable | undefined
  for (const layer of wrong === undefined ? TEXT_LAYERS : []) {
    try {
      const peeled = layer(text)
      if (peeled !== undefined) return peeled
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error
      fault ??= error
    }
  }
  throw wrong ?? fault ?? unknownText(text)
}

function namedLayer(text: string): Peeled | undefined {
  const parts = namedValues(text)
  return parts.length === 0 ? undefined : { parts, note: 'took the values out of lines that name them' }
}

function unknownText(text: string): Unreadable {
  if (text.trim() === '') return new Unreadable('the file holds nothing but blanks', 'Export it from the device again.')
  const base64 = text.replace(/\s+/g, '')
  const cut = /^[A-Za-z0-9+/_-]{40,}={0,2}$/.test(base64) && base64.length % 4 !== 0
  return new Unreadable(
    `it is neither PEM, JSON nor base64${cut ? ' (or the base64 is cut off)' : ''}`,
    'Pass the file as the device or its tool wrote it, whole.',
    { telling: false },
  )
}
