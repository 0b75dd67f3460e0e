import { describe, expect, it } from 'vitest'
import type { HsmType, SecretName } from './device.ts'
import { loadFamily } from './open.ts'
import { Secret } from './secret.ts'
import { type SecretForm, secretFormFault } from './secret-form.ts'

const PIV: SecretForm = { minLength: 6, maxLength: 8, alphabet: 'no-blanks' }
const fault = (text: string, form: SecretForm): string | undefined => secretFormFault(Secret.fromText(text), form)?.why

describe('a PIN that cannot be right is told from one that can', () => {
  it.each([
    ['12345', 'it has 5 bytes, and the device accepts 6 to 8'],
    ['123456789', 'it has 9 bytes, and the device accepts 6 to 8'],
    ['', 'it has 0 bytes, and the device accepts 6 to 8'],
    [' 123456', 'it starts or ends with a space'],
    ['123456\u00a0', 'it starts or ends with a space'],
    ['123456\u3000', 'it starts or ends with a space'],
    ['123 456', 'it contains a space'],
    ['123\u00a0456', 'it contains non-ASCII characters'],
    ['"123456"', 'it is enclosed in quotation marks'],
    ["'123456'", 'it is enclosed in quotation marks'],
    ['\u201c123456\u201d', 'it is enclosed in quotation marks'],
    ['\uff11\uff12\uff13\uff14\uff15\uff16', 'it contains full-width characters'],
    ['\u0661\u0662\u0663\u0664\u0665\u0666', 'it contains non-ASCII characters'],
    ['12\u200b3456', 'it contains an invisible character'],
    ['1234\r56', 'it contains a control character (a line break?)'],
    [
      'ccccccjlfvhdgnfbrhnfitbgvfdbufeglbgbgcbiedfb',
      'it looks like a one-time password that a YubiKey types when touched',
    ],
  ])('%j: %s', (pin, why) => {
    expect(fault(pin, PIV)).toBe(why)
    const told = secretFormFault(Secret.fromText(pin), PIV)
    if (pin !== '') expect(`${told?.why} ${told?.remedy}`).not.toContain(pin)
  })

  it.each(['123456', '12345678', 'aB3-"x', "o'clock"])('%j may be sent', (pin) => {
    expect(fault(pin, PIV)).toBeUndefined()
  })

  it('bytes that are no UTF-8', () => {
    expect(secretFormFault(Secret.fromBytes(Uint8Array.of(0x31, 0xff)), PIV)?.why).toBe('it is not UTF-8 text')
  })
})

describe('a passphrase', () => {
  it.each(['correct horse battery', 'pässwörd', '\uff11\uff12', 'with "quotes" inside'])('%j may be sent', (text) => {
    expect(fault(text, { alphabet: 'any' })).toBeUndefined()
  })
  it.each(['trailing ', '\u00a0leading', '"quoted"', 'zero\u200bwidth', '', 'tab\there'])('%j may not', (text) => {
    expect(fault(text, { alphabet: 'any' })).toBeDefined()
  })
})

describe('each family refuses what it could never take', () => {
  const HEX = 'ab'.repeat(24)
  it.each<readonly [HsmType, SecretName, good: string, bad: readonly string[]]>([
    ['YUBIKEY', 'pin', '123456', ['12345', '"123456"', '\uff11\uff12\uff13\uff14\uff15\uff16', '123456 ']],
    ['YUBIKEY', 'management-key', HEX, [HEX.slice(1), `0x${HEX}`, `"${HEX}"`, `${HEX.slice(1)}g`]],
    ['LUNA', 'pin', 'Crypto Officer 1!', ['pässwort', ' x', "'quoted1'"]],
    ['NSHIELD', 'pin', 'pässwörd mit Leerzeichen', [' x', '"quoted"', '']],
    ['YUBIHSM2', 'password', 'pässword', ['', 'x\u00a0', '"quoted"']],
    ['YUBIHSM2', 'authentication-key', 'cd'.repeat(32), ['cd'.repeat(31), 'no key']],
    ['FORTANIX', 'api-key', Buffer.from('app:secret').toString('base64'), ['not base64!', '"QUJDREVGR0g="']],
    ['FORTANIX', 'token', 'eyJhbGciOi.x.y', ['two words', 'short']],
    ['MARVELL_GOOGLE', 'token', 'ya29.abcdefgh', ['two words here', 'ya29.\u00e4bcdefg']],
  ])('%s, %s', async (hsmType, name, good, bad) => {
    const family = await loadFamily(hsmType)
    expect(() => family.checkSecret?.(name, Secret.fromText(good))).not.toThrow()
    for (const text of bad) {
      expect(() => family.checkSecret?.(name, Secret.fromText(text)), text).toThrow(
        expect.objectContaining({ code: 'pin.malformed', remedy: expect.stringMatching(/\S/) }),
      )
      if (text.length > 6)
        expect(() => family.checkSecret?.(name, Secret.fromText(text))).not.toThrow(new RegExp(text.slice(1, 7)))
    }
  })
})
