/** Our own typographic marks in ASCII. Names of people and companies stay as they are. */
const ASCII: Readonly<Record<string, string>> = {
  '✓': '+',
  '✗': 'x',
  '·': '-',
  '…': '...',
  '’': "'",
  '‘': "'",
  '“': '"',
  '”': '"',
  '–': '-',
  '—': '-',
  '→': '->',
}
const MARKS = new RegExp(`[${Object.keys(ASCII).join('')}]`, 'g')

/** For a locale whose character set is known to be another than UTF-8, `C` and `POSIX` among them (POSIX.1-2017 XBD 8.2: which variable counts). */
export function printableInLocale(text: string, env: Readonly<Record<string, string | undefined>>): string {
  const locale = env.LC_ALL || env.LC_CTYPE || env.LANG || undefined
  return locale === undefined || /utf-?8/i.test(locale) ? text : text.replace(MARKS, (mark) => ASCII[mark] ?? mark)
}
