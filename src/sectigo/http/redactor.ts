export type Redact = (text: string) => string

const MARK = '[redacted]'

/**
 * Takes every spelling of the given secrets out of a text: as typed, percent- and form-encoded, as JSON and HTML write
 * them, and as Basic credentials. Whatever the CA, a proxy or the runtime says passes through here before it is shown.
 */
export function createRedactor(secrets: readonly { text(): string }[]): Redact {
  const texts = secrets.map((secret) => secret.text()).filter((text) => text !== '')
  const pairs = texts.flatMap((name) => texts.map((word) => Buffer.from(`${name}:${word}`).toString('base64')))
  const spellings = [...new Set([...texts.flatMap(spellingsOf), ...pairs])].sort((a, b) => b.length - a.length)
  return (text) => spellings.reduce((rest, spelling) => rest.replaceAll(spelling, MARK), text)
}

function spellingsOf(text: string): readonly string[] {
  const form = new URLSearchParams([['', text]]).toString().slice(1)
  const percent = encodeURIComponent(text)
  const json = JSON.stringify(text).slice(1, -1)
  const html = text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;')
  const lower = (encoded: string) => encoded.replace(/%[0-9A-F]{2}/g, (octet) => octet.toLowerCase())
  return [text, form, percent, lower(form), lower(percent), json, html, Buffer.from(text).toString('base64')]
}
