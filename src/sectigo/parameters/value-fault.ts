import { readPem } from '../../asn1/pem.ts'
import { EnrollError } from '../../errors.ts'
import { isCountry } from './countries.ts'
import type { Parameter, ParameterFormat } from './parameter.ts'

export interface ValueFault {
  readonly detail: string
  readonly remedy: string
}

/** What is wrong with one value by its row: type, length, allowed values, format. */
export function valueFault(parameter: Parameter, value: string): ValueFault | undefined {
  const { max } = parameter
  // Evidence has thousands of characters, and no text has more of them than units.
  if (max !== undefined && value.length > max && lengthOf(value) > max) {
    return { detail: `${lengthOf(value)} characters, at most ${max} are allowed`, remedy: 'Shorten it.' }
  }
  if (parameter.format !== 'csr' && /\p{Cc}/u.test(value)) {
    return { detail: 'it contains a control character', remedy: 'Remove line breaks and tabs.' }
  }
  if (parameter.allowed !== undefined) {
    const values = parameter.list === true ? value.split(',').map((item) => item.trim()) : [value]
    const odd = values.find((item) => parameter.allowed?.includes(item) !== true)
    if (odd !== undefined) {
      return { detail: `"${odd.slice(0, 40)}" is not allowed`, remedy: `Use one of: ${parameter.allowed.join(', ')}.` }
    }
  } else if (parameter.type === 'integer' && !/^-?\d{1,9}$/.test(value)) {
    return { detail: 'it is not a whole number', remedy: 'Write digits only.' }
  }
  return parameter.format === undefined ? undefined : FORMATS[parameter.format](value)
}

const lengthOf = (text: string): number => [...text].length

const wrong = (detail: string, remedy: string): ValueFault => ({ detail, remedy })

const FORMATS: Readonly<Record<ParameterFormat, (value: string) => ValueFault | undefined>> = {
  alphanumeric: (value) =>
    /^[A-Za-z0-9]+$/.test(value) ? undefined : wrong('it is not alphanumeric', 'Use letters A to Z and digits only.'),
  base64: (value) =>
    isBase64(value)
      ? undefined
      : wrong('it is not base64', 'Encode the attestation package in base64, once, on one line.'),
  csr: (value) =>
    isCsrText(value) ? undefined : wrong('it is neither PEM nor base64', 'Use the CSR as the tool wrote it.'),
  country: (value) =>
    isCountry(value)
      ? undefined
      : wrong('it is not an ISO 3166 country (-7)', 'Use the two capital letters, for example NL.'),
  digits: (value) =>
    /^[1-9]\d*$/.test(value)
      ? undefined
      : wrong('it is not a whole number', 'Write its digits alone, without a zero before them.'),
  email: (value) =>
    isEmail(value) ? undefined : wrong('it is not an e-mail address (-70)', 'Write it as name@example.org.'),
  'email-or-none': (value) =>
    value === 'none' || isEmail(value)
      ? undefined
      : wrong('it is neither an e-mail address nor "none" (-70)', 'Write an address, or none for no mail at all.'),
  duns: (value) =>
    /^\d{9}$/.test(value.replace(/-/g, ''))
      ? undefined
      : wrong('it is not a nine-digit number', 'Write the nine digits.'),
  date: (value) =>
    /^\d{4}-\d\d-\d\d$/.test(value) && !Number.isNaN(Date.parse(value))
      ? undefined
      : wrong('it is not a date', 'Write it as YYYY-MM-DD.'),
}

const isBase64 = (value: string): boolean => value.length % 4 === 0 && /^[A-Za-z0-9+/]+={0,2}$/.test(value)

/** Enough to catch a slip of the pen; the CA decides. */
const isEmail = (value: string): boolean => /^[^\s@<>,;]{1,64}@[^\s@<>,;.]+(\.[^\s@<>,;.]+)+$/.test(value)

/** PEM with one CERTIFICATE REQUEST, or bare base64 in lines. */
function isCsrText(value: string): boolean {
  if (!value.includes('-----')) return isBase64(value.replace(/\s/g, ''))
  try {
    const blocks = readPem(value)
    return blocks.length === 1 && /CERTIFICATE REQUEST$/.test(blocks[0]?.label ?? '')
  } catch (error) {
    if (error instanceof EnrollError) return false
    throw error
  }
}
