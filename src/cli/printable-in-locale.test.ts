import { expect, it } from 'vitest'
import { printableInLocale } from './printable-in-locale.ts'

const TEXT = '✓ the CA’s reply … Zoë'

it.each([{ LANG: 'C' }, { LANG: 'POSIX' }, { LC_ALL: 'C', LANG: 'en_US.UTF-8' }, { LC_CTYPE: 'de_DE.ISO-8859-1' }])(
  'marks are ASCII under %o, names stay',
  (env) => expect(printableInLocale(TEXT, env)).toBe("+ the CA's reply ... Zoë"),
)

it.each([{}, { LANG: '' }, { LANG: 'C.UTF-8' }, { LANG: 'C', LC_ALL: 'en_US.utf8' }])(
  'nothing changes under %o',
  (env) => expect(printableInLocale(TEXT, env)).toBe(TEXT),
)
