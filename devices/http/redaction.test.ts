import { describe, expect, it } from 'vitest'
import { HttpReply } from './http-reply.ts'
import { Redaction } from './redaction.ts'

describe('redaction', () => {
  const redaction = new Redaction()
  redaction.add('s3cret/key+value')

  it.each([
    ['as it is', 'the key s3cret/key+value is wrong'],
    ['percent-encoded', 'https://host/?key=s3cret%2Fkey%2Bvalue'],
    ['in base64', `token ${Buffer.from('s3cret/key+value').toString('base64')}`],
    ['in a URL', 'http://user:passw0rd@proxy:3128 refused'],
    ['of any header', 'Authorization: Bearer abc.def-ghi_jkl'],
    ['of a private key', '-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----'],
  ])('hides a secret %s', (_form, text) => {
    expect(redaction.clean(text)).toContain('[redacted]')
    expect(redaction.clean(text)).not.toMatch(/s3cret|czNjcmV0|passw0rd|abc\.def|MIIE/)
  })

  it('makes one printable line of at most 300 characters', () => {
    expect(redaction.clean('one\r\ntwo\u0000\u001b[31mthree')).toBe('one two [31mthree')
    expect(redaction.clean('x'.repeat(1000))).toHaveLength(300)
  })

  it('leaves no half of a secret at the end of a long reply', () => {
    const body = Buffer.from(`${' '.repeat(1990)}s3cret/key+value`)
    expect(new HttpReply(500, {}, body, 'host').text(redaction)).toBe('[redacted]')
  })

  it('leaves short strings alone, which would match anywhere', () => {
    redaction.add('a')
    expect(redaction.clean('a banana')).toBe('a banana')
  })
})
