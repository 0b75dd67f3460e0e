import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hideSecrets } from './hide-secrets.ts'

const SECRET = 'p"ä+ß/&<%41>'

const everyCharacter =
  (write: (unit: string) => string) =>
  (text: string): string =>
    text.split('').map(write).join('')
const hex4 = (unit: string): string => unit.charCodeAt(0).toString(16).padStart(4, '0')

/** How a server, a proxy or a tool writes what it was sent. */
const SPELLINGS: Readonly<Record<string, (text: string) => string>> = {
  percent: encodeURIComponent,
  form: (text) => new URLSearchParams([['', text]]).toString().slice(1),
  'every octet': (text) => [...Buffer.from(text)].map((octet) => `%${octet.toString(16).padStart(2, '0')}`).join(''),
  'HTML names': (text) =>
    text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;'),
  'HTML numbers': everyCharacter((unit) => `&#${unit.charCodeAt(0)};`),
  'HTML numbers in hex': everyCharacter((unit) => `&#x${hex4(unit)};`),
  JSON: (text) => JSON.stringify(text).slice(1, -1),
  'JSON with \\/': (text) => JSON.stringify(text).slice(1, -1).replaceAll('/', '\\/'),
  'JSON with \\u0026': (text) =>
    JSON.stringify(text)
      .slice(1, -1)
      .replace(/[&<>]/g, (unit) => `\\u${hex4(unit)}`),
  'JSON, ASCII alone': everyCharacter((unit) => `\\u${hex4(unit)}`),
}

describe('a secret disappears from a text', () => {
  it.each(Object.entries(SPELLINGS))('written as %s', (_name, write) => {
    expect(hideSecrets(`before ${write(SECRET)} after`, [SECRET])).toBe('before [redacted] after')
  })

  it.each([
    ['percent-encoded twice', encodeURIComponent(encodeURIComponent(SECRET))],
    ['percent-encoded, in HTML', SPELLINGS['HTML names']?.(encodeURIComponent(SECRET)) ?? ''],
    ['in HTML, in JSON', JSON.stringify(SPELLINGS['HTML names']?.(SECRET)).slice(1, -1)],
    ['in Latin-1', 'p%22%E4%2B%DF%2F%26%3C%2541%3E'],
    ['in base64', Buffer.from(SECRET).toString('base64')],
    ['in base64url', Buffer.from(SECRET).toString('base64url')],
  ])('%s', (_name, text) => {
    expect(hideSecrets(`before ${text} after`, [SECRET])).toBe('before [redacted] after')
  })

  it('in capitals', () => {
    expect(hideSecrets('no user ADA/WORD here', ['Ada/word'])).toBe('no user [redacted] here')
  })

  it('whatever stands around it in the base64 of a whole header', () => {
    const password = 'planted/pass word'
    const core = Buffer.from(password).toString('base64').slice(4, 16)
    for (const name of ['a', 'ab', 'abc', 'abcd']) {
      const shown = hideSecrets(`Basic ${Buffer.from(`${name}:${password}!`).toString('base64')}`, [password])
      expect(shown).toContain('[redacted]')
      expect(shown).not.toContain(core)
    }
  })

  it('in any two spellings on top of each other, and leaves the rest as it was', () => {
    const write = fc.constantFrom(...Object.values(SPELLINGS))
    const secret = fc
      .string({ minLength: 6, maxLength: 24, unit: 'grapheme-ascii' })
      .filter((text) => /\w{4}/.test(text))
    fc.assert(
      fc.property(secret, write, write, (text, inner, outer) => {
        const shown = hideSecrets(`<<< ${outer(inner(text))} >>>`, [text])
        expect(shown).toContain('[redacted]')
        expect(shown.startsWith('<<< ')).toBe(true)
        expect(shown.endsWith(' >>>')).toBe(true)
        expect(shown.length).toBeLessThan(8 + '[redacted]'.length + 6)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('a text that breaks off within a secret', () => {
  it.each(Object.entries(SPELLINGS))('keeps at most three characters of it: %s', (_name, write) => {
    const secret = 'planted/word&1'
    const whole = write(secret)
    const first = write(secret.slice(0, 4)).length
    for (let length = first; length <= whole.length; length++) {
      const shown = hideSecrets(`0=${whole.slice(0, length)}`, [secret])
      expect(shown, whole.slice(0, length)).toBe('0=[redacted]')
    }
  })
})

describe('nothing else disappears', () => {
  it.each([
    ['no secret at all', 'errorCode=0&orderNumber=7654321', []],
    ['an empty secret', 'errorCode=0', ['']],
    ['a beginning of three characters at the end', 'orderNumber=pla', ['planted/word']],
    ['escapes of other things', '%41%42 &amp; \\u0041', ['planted/word']],
    ['broken escapes', '%zz %', ['planted/word']],
  ])('%s', (_name, text, secrets) => {
    expect(hideSecrets(text, secrets)).toBe(text)
  })

  it('a short secret is sought as it stands', () => {
    expect(hideSecrets('ab A%42 b', ['ab'])).toBe('[redacted] A%42 b')
  })

  it('a mebibyte of escapes is read to its end', () => {
    const text = '%25'.repeat(350_000)
    expect(hideSecrets(text, ['planted/word'])).toBe(text)
  })
})
