import { describe, expect, it } from 'vitest'
import { Secret } from '../secret.ts'
import { firmwareAgainst, noDeletion } from './firmware-rules.ts'
import { policyAdvice } from './key-policy.ts'
import { readManagementKey } from './management-key.ts'
import { parseStatus } from './pin-counter.ts'
import { PIV_SLOTS, slotByCkaId, slotByName } from './piv-slots.ts'
import { whyNoAttestation } from './why-no-attestation.ts'
import { canDo, unpackVersion } from './ykcs11-abilities.ts'

const version = (text: string) => {
  const [major = 0, minor = 0, patch = 0] = text.split('.').map(Number)
  return { major, minor, patch }
}

describe('PIV slots', () => {
  it('carry the CKA_ID of libykcs11: 1 to 24 in order, 82 is 5, 95 is 24', () => {
    expect(PIV_SLOTS.map(({ ckaId }) => ckaId)).toEqual(Array.from({ length: 24 }, (_, index) => index + 1))
    expect(slotByName('82')?.ckaId).toBe(5)
    expect(slotByName('95')?.ckaId).toBe(24)
    expect(slotByCkaId(Uint8Array.of(2))?.name).toBe('9c')
  })

  it('are none for the attestation key', () => {
    expect(slotByName('f9')).toBeUndefined()
    expect(slotByCkaId(Uint8Array.of(25))).toBeUndefined()
  })
})

describe('firmware', () => {
  it.each([
    ['4.1.9', 'RSA-2048', true],
    ['4.2.0', 'RSA-2048', false],
    ['4.3.4', 'RSA-2048', false],
    ['4.3.5', 'RSA-2048', true],
    ['4.3.4', 'P-256', true],
    ['5.6.9', 'RSA-3072', false],
    ['5.7.0', 'RSA-3072', true],
    ['5.7.0', 'RSA-4096', true],
  ] as const)('%s and %s: %s', (firmware, algorithm, made) => {
    expect(firmwareAgainst(algorithm, version(firmware)) === undefined).toBe(made)
  })

  it.each([
    ['5.4.3', 'ykman piv reset'],
    ['5.7.0', 'ykman piv keys delete 9c'],
  ])('%s: a key that hsm-enroll cannot delete goes with `%s`', (firmware, command) => {
    expect(noDeletion('9c', 'YubiKey 1', version(firmware))).toMatchObject({
      code: 'device.unsupported',
      remedy: expect.stringContaining(`\`${command}\``),
    })
  })

  it('is unpacked as libykcs11 packs it', () => {
    expect(unpackVersion({ major: 5, minor: 43 })).toEqual(version('5.4.3'))
    expect(unpackVersion({ major: 5, minor: 74 })).toEqual(version('5.7.4'))
  })
})

describe('libykcs11', () => {
  it.each([
    ['2.2.0', 'aesManagementKey', false],
    ['2.2.0', 'extractableAttribute', false],
    ['2.3.0', 'policies', true],
    ['2.4.2', 'rsa3072', false],
    ['2.5.0', 'rsa3072', true],
    ['2.7.3', 'aesManagementKey', true],
  ] as const)('%s, %s: %s', (module, ability, able) => {
    expect(canDo(version(module), ability)).toBe(able)
  })
})

describe('the management key', () => {
  const read = (text: string, aes = true): string => readManagementKey(Secret.fromText(text), aes).text()
  it('is taken as hex, in any case, with a line break at the end', () => {
    expect(read(`${'0A'.repeat(24)}\n`)).toBe('0a'.repeat(24))
    expect(read('ab'.repeat(16))).toBe('ab'.repeat(16))
    expect(read('ab'.repeat(32))).toBe('ab'.repeat(32))
  })
  it.each(['', 'ab', 'ab'.repeat(20), 'xy'.repeat(24)])(
    'is refused as "%s", without a digit of it in the message',
    (text) => {
      expect(() => read(text)).toThrow(/not 32, 48, 64 hex digits/)
    },
  )
  it('is refused as AES where the module takes TDES only', () => {
    expect(() => read('ab'.repeat(16), false)).toThrow('TDES')
  })
})

describe('the PIN counter', () => {
  const status = 'Version:\t5.4.3\nSerial Number:\t15732500\nCHUID:\tNo data available\nPIN tries left:\t2\n'
  it('is read from the status of the same key only', () => {
    expect(parseStatus(status, '15732500')).toBe(2)
    expect(parseStatus(status, '15732501')).toBeUndefined()
    expect(parseStatus('', '15732500')).toBeUndefined()
  })
})

describe('policies of a key', () => {
  const adviceOn = (slot: string, pinPolicy?: 'default' | 'never' | 'once' | 'always') =>
    policyAdvice(
      slotByName(slot) ?? { name: slot, ckaId: 0, use: '' },
      pinPolicy === undefined ? {} : { pinPolicy },
    ).map(({ code }) => code)

  it.each([
    ['9c', undefined, ['key.pin-policy']],
    ['9c', 'once', []],
    ['9a', undefined, []],
    ['9a', 'always', ['key.pin-policy']],
  ] as const)('in slot %s with %s: %j', (slot, pinPolicy, codes) => {
    expect(adviceOn(slot, pinPolicy)).toEqual(codes)
  })
})

describe('a key without an attestation', () => {
  const facts = { firmware: version('5.4.3'), module: version('2.2.0'), hasDeviceCertificate: true }

  it('is not called imported where this session has generated it', () => {
    const { message } = whyNoAttestation({ ...facts, generatedHere: true }, '9c', 'YubiKey 1')
    expect(message).toContain('just generated')
    expect(message).not.toContain('import')
    expect(whyNoAttestation({ ...facts, generatedHere: false }, '9c', 'YubiKey 1').message).toContain('imported')
  })
})
