import { isBase64, writePem } from '../asn1/pem.ts'
import { readEvidence } from '../check/read/evidence-input.ts'
import { refuseKeysInText } from '../check/read/hidden-keys.ts'
import { readRequest } from '../check/read/request-input.ts'
import { EnrollError } from '../errors.ts'
import type { OrderForm } from '../sectigo/certificate-authority.ts'

/** A form whose requests and attestations are written as the CA takes them. */
export interface FormContents {
  readonly form: OrderForm
  /** What was changed, parameter by parameter. */
  readonly notes: readonly string[]
}

/** With the number of the item before it where the form is of `!PlaceOrder`. */
const REQUEST = /^(?:_?\d{1,4}_)?(?:csr|pkcs10)$/i
const ATTESTATION = /^(?:_?\d{1,4}_)?keyAttestation$/i

/**
 * Reads the requests and attestations of a form as every command reads them, and writes them as the CA takes them: what is judged is
 * what is sent. What cannot be read stays as it is, for the judgement to refuse. Throws EnrollError `input.private-key`.
 */
export function readFormContents(form: OrderForm): FormContents {
  const notes: string[] = []
  const entries = Object.entries(form).map(([name, value]): [string, string] => {
    refuseKeysInText(value, `the parameter ${name.slice(0, 64)}`)
    const read =
      value === ''
        ? undefined
        : REQUEST.test(name)
          ? requestOf(value)
          : ATTESTATION.test(name)
            ? packageOf(value)
            : undefined
    if (read === undefined || read.value === value) return [name, value]
    notes.push(...read.notes.map((note) => `${name}: ${note}`))
    return [name, read.value]
  })
  return { form: Object.fromEntries(entries), notes }
}

interface Read {
  readonly value: string
  readonly notes: readonly string[]
}

const PLAIN_REQUEST =
  /^(?:-----BEGIN (?:NEW )?CERTIFICATE REQUEST-----)?([A-Za-z0-9+/=\s]+?)(?:-----END (?:NEW )?CERTIFICATE REQUEST-----)?$/

/** A request alone stays as it was written: its PEM, or base64 without a label. */
const requestOf = (value: string): Read | undefined =>
  ifReadable(() => {
    const { request, notes } = readRequest(Buffer.from(value))
    const base64 = Buffer.from(request.der).toString('base64')
    if (PLAIN_REQUEST.exec(value)?.[1]?.replace(/\s/g, '') === base64) return { value, notes: [] }
    const plain = writePem('CERTIFICATE REQUEST', request.der).trim()
    return { value: plain, notes: [...notes, 'wrote the request alone, as plain PEM'] }
  })

const ZIP = Buffer.from('PK\x03\x04', 'latin1')

/** Base64 of the package, once. A zip stays one: it carries the chains that belong to a statement. */
const packageOf = (value: string): Read | undefined =>
  ifReadable(() => {
    const bytes = isBase64(value) ? Buffer.from(value, 'base64') : Buffer.from(value)
    const { package: package_, notes, certChains } = readEvidence(bytes)
    const isZip = isBase64(value) && bytes.subarray(0, ZIP.length).equals(ZIP)
    if (isZip && certChains !== undefined) return { value, notes: [] }
    return {
      value: Buffer.from(package_).toString('base64'),
      notes: notes.length > 0 ? notes : ['encoded it in base64'],
    }
  })

function ifReadable(read: () => Read): Read | undefined {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof EnrollError) || error.code === 'input.private-key') throw error
    return undefined
  }
}
