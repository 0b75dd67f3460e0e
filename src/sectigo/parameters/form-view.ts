import { type Name, nameValues } from '../../asn1/name.ts'
import { csrNamesDomains, readCsrSubject } from './csr-subject.ts'

/** A form read by name without regard to case, with what its CSR says. */
export class FormView {
  readonly #values = new Map<string, string>()
  #subject: Name | undefined | 'unread' = 'unread'

  constructor(form: Readonly<Record<string, string>>) {
    for (const [name, value] of Object.entries(form)) this.#values.set(name.toLowerCase(), value)
  }

  /** The value, or undefined where the parameter is absent or empty. */
  get(...names: readonly string[]): string | undefined {
    for (const name of names) {
      const value = this.#values.get(name.toLowerCase())
      if (value !== undefined && value !== '') return value
    }
    return undefined
  }

  has(...names: readonly string[]): boolean {
    return this.get(...names) !== undefined
  }

  /** Y or y: the documents write both. */
  isYes(name: string): boolean {
    return this.get(name)?.toUpperCase() === 'Y'
  }

  /** Product codes of the comma list, blanks left out (the 3.44 manual writes `586, 587, 356`). */
  get products(): readonly string[] {
    return (this.get('product') ?? '')
      .split(',')
      .map((code) => code.trim())
      .filter((code) => code !== '')
  }

  /** True where the CSR's subject holds the attribute (`street`, `O`, `L`, …). */
  csrHas(attribute: string): boolean {
    return this.csrValues(attribute).length > 0
  }

  /** The values of an attribute in the CSR's subject; none where the CSR cannot be read. */
  csrValues(attribute: string): readonly string[] {
    if (this.#subject === 'unread') this.#subject = readCsrSubject(this.get('csr', 'pkcs10'))
    return this.#subject === undefined ? [] : nameValues(this.#subject, attribute)
  }

  /** True where the CSR can be read and its subjectAltName holds neither a domain name nor an IP address. */
  get csrLacksDomains(): boolean {
    return csrNamesDomains(this.get('csr', 'pkcs10')) === false
  }

  /** True where it holds one. */
  get csrHasDomains(): boolean {
    return csrNamesDomains(this.get('csr', 'pkcs10')) === true
  }

  /** The members of a list that the manual lets be separated by commas or white space. */
  listOf(name: string): readonly string[] {
    return (this.get(name) ?? '').split(/[\s,]+/).filter((member) => member !== '')
  }
}
