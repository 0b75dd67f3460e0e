/**
 * Control characters (written out: asked for as `\p{Cc}`, they are looked up at every start), and those that turn or break a line: what they
 * hide stands elsewhere on the screen than where it was written.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const UNPRINTABLE = /[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/gu

/** Text from outside, as one line that is safe for a terminal: `\x1b`, `\u202e`. */
export const printable = (text: string): string =>
  text.replace(UNPRINTABLE, (c) => {
    const code = c.charCodeAt(0)
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`
  })
