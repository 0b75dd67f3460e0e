import { describe, expect, it } from 'vitest'
import { readSettings } from './settings.ts'

const refusal = (code: string): unknown => expect.objectContaining({ code, remedy: expect.stringMatching(/./) })

describe('readSettings', () => {
  it('takes the connector on this host and authentication key 1 where nothing is said', () => {
    const settings = readSettings('yubihsm2:')
    expect(settings).toMatchObject({ authKeyId: 1, objectId: 0, authentication: 'password' })
    expect(settings.connector.origin).toBe('http://127.0.0.1:12345')
  })

  it('reads connector, serial number and authentication key from the URI', () => {
    const settings = readSettings('yubihsm2:connector=https://hsm.example:8443;serial=7550001;auth-key=0x00ff')
    expect(settings).toMatchObject({ serial: '7550001', authKeyId: 255 })
    expect(settings.connector.origin).toBe('https://hsm.example:8443')
  })

  it('reads a serial number with the zeros that labels and yubihsm-shell print before it', () => {
    for (const serial of ['39000240', '0039000240'])
      expect(readSettings(`yubihsm2:serial=${serial}`).serial).toBe('39000240')
  })

  it('names the way round for yhusb:, with the serial number in it', () => {
    expect(() => readSettings('yubihsm2:connector=yhusb://serial%3D0039000240')).toThrow(
      expect.objectContaining({
        code: 'device.settings',
        remedy: expect.stringContaining('yubihsm2:connector=http://127.0.0.1:12345;serial=39000240'),
      }),
    )
  })

  it('makes a mask of domains', () => {
    expect(readSettings('yubihsm2:', { domains: [1, 16] }).domains).toBe(0x8001)
    expect(readSettings('yubihsm2:', { domains: ['2', '3'] }).domains).toBe(0b110)
  })

  it.each([
    ['yubihsm2:connektor=http://127.0.0.1:1', 'device.uri'],
    ['yubihsm2:hsm.example', 'device.uri'],
    ['yubihsm2:serial=1?pin-source=x', 'device.uri'],
    ['yubihsm2:connector=ftp://hsm.example', 'device.settings'],
    ['yubihsm2:connector=http://me:secret@hsm.example', 'device.settings'],
    ['yubihsm2:connector=http://hsm.example/api', 'device.settings'],
    ['yubihsm2:auth-key=0', 'device.settings'],
    ['yubihsm2:auth-key=65535', 'device.settings'],
    ['yubihsm2:auth-key=one', 'device.settings'],
  ])('refuses %s', (uri, code) => {
    expect(() => readSettings(uri)).toThrow(refusal(code))
  })

  it.each([
    { authkeyid: 1 },
    { domains: [0] },
    { domains: [17] },
    { domains: [] },
    { domains: 'all' },
    { objectId: '0xffff' },
    { objectId: 0 },
    { objectId: 65_535 },
    { authentication: 'fingerprint' },
    { includeIntermediates: 'perhaps' },
    { includeIntermediates: true },
    { devicePublicKey: '' },
    { connector: 'not an address' },
  ])('refuses %j', (settings) => {
    expect(() => readSettings('yubihsm2:', settings)).toThrow(refusal('device.settings'))
  })

  it('refuses two different authentication keys, and takes two that agree', () => {
    expect(() => readSettings('yubihsm2:auth-key=2', { authKeyId: 3 })).toThrow(refusal('device.settings'))
    expect(readSettings('yubihsm2:auth-key=2', { authKeyId: '0x0002' }).authKeyId).toBe(2)
  })

  it('never shows a password that was put into the address', () => {
    expect(() => readSettings('yubihsm2:connector=http://me:hunter2@hsm.example')).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('hunter2') }),
    )
  })
})
