import { parseDocument } from 'yaml'
import { decodeText } from '../asn1/decode-text.ts'
import { refuseHiddenKeys } from '../check/read/hidden-keys.ts'
import { EnrollError } from '../errors.ts'
import type { OrderForm } from './certificate-authority.ts'

const MAX_FORM = 256 << 10

const malformed = (what: string, cause?: unknown): EnrollError =>
  new EnrollError('sectigo.form-file', `Could not read the order form: ${what}.`, {
    remedy: 'Write one "name: value" line per parameter, by the names of Sectigo\'s documents.',
    cause,
  })

/**
 * Reads an order form in YAML: a flat map of the documents' parameter names. Every value is taken as written (`postalCode: 07068` keeps
 * its zero). A value may name a file instead: `csr: { file: request.pem }`, or one to be put in base64:
 * `keyAttestation: { base64-of: attestation.dat }`.
 *
 * @param readFile - Reads a file that the form names.
 * @throws EnrollError `sectigo.form-file`, `input.private-key`, and what `readFile` throws.
 * @example
 * ```ts
 * const form: OrderForm = readOrderForm(readFileSync('order.yaml', 'utf8'), readFileSync)
 * ```
 */
export function readOrderForm(text: string, readFile: (path: string) => Uint8Array): OrderForm {
  if (text.length > MAX_FORM) throw malformed(`it is longer than ${MAX_FORM} characters`)
  // The parser takes time that grows with the square of the nesting; a form nests once.
  if ((text.match(/[[{]/g)?.length ?? 0) > 1000) throw malformed('it is nested too deeply')
  const value = readYaml(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed('it is no map')
  return Object.fromEntries(
    Object.entries(value).map(([name, entry]: [string, unknown]) => [name, readValue(name, entry, readFile)]),
  )
}

/** Every value is looked through before anything is said of it: none may be, or hold, a private key. */
function readValue(name: string, entry: unknown, readFile: (path: string) => Uint8Array): string {
  const bytes = valueBytes(name, entry, readFile)
  refuseHiddenKeys(bytes.value, `the parameter ${name.slice(0, 64)}`)
  if (bytes.asBase64) return Buffer.from(bytes.value).toString('base64')
  // A file in binary, or in UTF-16, is no text of a form.
  return (decodeText(bytes.value)?.text ?? Buffer.from(bytes.value).toString('base64')).trim()
}

/** The library throws where aliases stand or values nest too deep. */
function readYaml(text: string): unknown {
  try {
    const document = parseDocument(text, { schema: 'failsafe', uniqueKeys: true, stringKeys: true })
    const [error] = document.errors
    if (error !== undefined) throw error
    return document.toJS({ maxAliasCount: 0 })
  } catch (error) {
    throw malformed(
      error instanceof Error ? (error.message.split('\n')[0]?.replace(/:$/, '') ?? '') : 'it is not YAML',
      error,
    )
  }
}

function valueBytes(
  name: string,
  entry: unknown,
  readFile: (path: string) => Uint8Array,
): { readonly value: Uint8Array; readonly asBase64: boolean } {
  if (typeof entry === 'string') return { value: Buffer.from(entry.trim()), asBase64: false }
  if (typeof entry === 'object' && entry !== null && !Array.isArray(entry)) {
    const members = Object.entries(entry)
    const [kind, path]: [string?, unknown?] = members[0] ?? []
    if (members.length === 1 && typeof path === 'string') {
      if (kind === 'file' || kind === 'base64-of') return { value: readFile(path), asBase64: kind === 'base64-of' }
    }
  }
  throw malformed(`${name} is neither a value nor { file: … } nor { base64-of: … }`)
}
