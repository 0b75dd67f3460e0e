/** What a secret must look like before it is sent: one that cannot be right costs no try. No message holds a character of it. */
import type { Secret } from './secret.ts'

export interface SecretForm {
  /** Bytes. */
  readonly minLength?: number
  readonly maxLength?: number
  /**
   * `any`: a passphrase in any language. `ascii`: printable ASCII, blanks inside it too. `no-blanks`: without them.
   */
  readonly alphabet: 'any' | 'ascii' | 'no-blanks'
}

/** Follows "Did not send the PIN: ". */
export interface FormFault {
  readonly why: string
  readonly remedy: string
}

const CORRECT = 'Correct it at its source.'

/** 32 to 64 characters of the modhex alphabet: what a YubiKey types when it is touched by accident. */
const ONE_TIME_PASSWORD = /^[cbdefghijklnrtuv]{32,64}$/
/** Soft hyphen, zero-width characters, directions, byte order mark: nobody sees them, and they come along when a text is copied. */
const INVISIBLE = /[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]/
const QUOTED =
  /^(["'`]).*\1$|^[\u201c\u201d\u201e\u2018\u2019\u201a\u00ab\u00bb].*[\u201c\u201d\u2018\u2019\u00ab\u00bb]$/s

// biome-ignore format: a table, a row a line
const RULES: readonly { readonly broken: (text: string, form: SecretForm) => boolean; readonly why: string; readonly remedy?: string }[] = [
  { broken: (text) => ONE_TIME_PASSWORD.test(text), why: 'it looks like a one-time password that a YubiKey types when touched', remedy: 'Enter it again without touching the key.' },
  { broken: (text) => /\p{Cc}/u.test(text), why: 'it contains a control character (a line break?)' },
  { broken: (text) => INVISIBLE.test(text), why: 'it contains an invisible character', remedy: 'Type it again at its source: copied text often contains such characters.' },
  { broken: (text) => text !== text.trim(), why: 'it starts or ends with a space' },
  { broken: (text) => text.length > 1 && QUOTED.test(text), why: 'it is enclosed in quotation marks', remedy: 'Remove them at its source: an environment file keeps them as part of the value.' },
  { broken: (text, { alphabet }) => alphabet !== 'any' && /[\uff01-\uff5e]/.test(text), why: 'it contains full-width characters', remedy: 'Switch the input method to half-width and type it again.' },
  { broken: (text, { alphabet }) => alphabet !== 'any' && /[^\x20-\x7e]/.test(text), why: 'it contains non-ASCII characters' },
  { broken: (text, { alphabet }) => alphabet === 'no-blanks' && text.includes(' '), why: 'it contains a space' },
]

/** What is wrong with the form of a secret; undefined if it may be sent. */
export function secretFormFault(secret: Secret, form: SecretForm): FormFault | undefined {
  let text: string
  try {
    text = secret.text()
  } catch {
    return { why: 'it is not UTF-8 text', remedy: CORRECT }
  }
  const rule = RULES.find(({ broken }) => broken(text, form))
  if (rule !== undefined) return { why: rule.why, remedy: rule.remedy ?? CORRECT }
  const { minLength = 1, maxLength = Number.POSITIVE_INFINITY } = form
  if (secret.length >= minLength && secret.length <= maxLength) return undefined
  const bounds =
    minLength === maxLength
      ? `${minLength}`
      : maxLength === Number.POSITIVE_INFINITY
        ? `${minLength} or more`
        : `${minLength} to ${maxLength}`
  return { why: `it has ${secret.length} bytes, and the device accepts ${bounds}`, remedy: CORRECT }
}
