import { describe, expect, it } from 'vitest'
import { DeviceError } from '../device-error.ts'
import { readTokenUri } from '../pkcs11/token-uri.ts'
import { CtapAnswer, encodeCtap } from './hid-ctap-frames.ts'
import { describeInfo, HidAnswerError, readInfoPage } from './hid-device-info.ts'
import { readKeys } from './hid-keys.ts'
import { explainAbsence, hidOnlyDevice, whyNoPiv, withHidFacts } from './hid-obstacles.ts'
import { checkOtpAnswer, crc16, encodeOtp, OtpAnswer } from './hid-otp-frames.ts'
import { type HidPort, readConfigByFido, readConfigByOtp } from './hid-read-config.ts'

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'))

/** Read from a YubiKey 5 NFC, firmware 5.2.6 (published by its owner). */
const YUBIKEY_5_NFC = hex(
  '2e0102023f0302023f020400cc2f6f04010105030502060602000007010f0801000d02023f0e02023f0a01000f0100',
)
/** Read from a YubiKey 5C, firmware 5.1.2, with some applications switched off; its serial number was replaced by the publisher. */
const YUBIKEY_5C = hex('230102023f030202180204cafe123404010305030501020602000007010f0801000a0100')

describe('device information of real keys', () => {
  it('of a 5 NFC', () => {
    expect(describeInfo(readInfoPage(YUBIKEY_5_NFC))).toEqual({
      serial: '13381487',
      firmware: '5.2.6',
      formFactor: 'USB-A keychain',
      fips: 'not-certified',
      usbEnabled: ['OTP', 'U2F', 'OpenPGP', 'PIV', 'OATH', 'FIDO2'],
    })
  })

  it('of a 5C with OTP, U2F and OATH switched off', () => {
    expect(describeInfo(readInfoPage(YUBIKEY_5C))).toMatchObject({
      firmware: '5.1.2',
      formFactor: 'USB-C keychain',
      usbEnabled: ['OpenPGP', 'PIV', 'FIDO2'],
    })
  })

  it('tells the FIPS series by form factor, by tag and by firmware 4.4', () => {
    const of = (tags: string): string => describeInfo(readInfoPage(hex(tags))).fips
    expect(of('08040181050305040300')).toBe('certified')
    expect(of('0914020002050305070400')).toBe('certified')
    expect(of('050503040405')).toBe('certified')
    expect(of('050503050403')).toBe('not-certified')
  })

  it('refuses every cut', () => {
    for (let length = 0; length < YUBIKEY_5C.length; length++) {
      if (length === 0) expect(readInfoPage(Uint8Array.of(0)).size).toBe(0)
      else expect(() => readInfoPage(YUBIKEY_5C.subarray(0, length))).toThrow(HidAnswerError)
    }
  })
})

describe('frames', () => {
  it('have the checksum of the CRC catalogue (CRC-16/MCRF4XX)', () => {
    expect(crc16(new TextEncoder().encode('123456789'))).toBe(0x6f91)
  })

  it('open a CTAPHID channel with the bytes of the specification', () => {
    const [packet, ...more] = encodeCtap({ channel: 0xffffffff, command: 0x06, payload: hex('0102030405060708') })
    expect(more).toEqual([])
    expect(Buffer.from(packet ?? []).toString('hex')).toBe(`ffffffff8600080102030405060708${'00'.repeat(49)}`)
  })

  it('split a long CTAPHID message into packets of 57 and 59 bytes, and gather it again', () => {
    const payload = Uint8Array.from({ length: 200 }, (_, index) => index)
    const packets = encodeCtap({ channel: 7, command: 0x42, payload })
    expect(packets.map((packet) => packet[4])).toEqual([0xc2, 0, 1, 2])
    const answer = new CtapAnswer(7)
    expect(packets.map((packet) => answer.add(packet)?.payload)).toEqual([undefined, undefined, undefined, payload])
    const torn = new CtapAnswer(7)
    torn.add(packets[0] ?? hex(''))
    expect(() => torn.add(packets[2] ?? hex(''))).toThrow('missing')
  })

  it('send a page over the keyboard interface as first and last piece, with the slot and its checksum', () => {
    const reports = encodeOtp(0x13, Uint8Array.of(1))
    expect(reports.map((report) => report[7])).toEqual([0x80, 0x89])
    expect(Buffer.from(reports[0] ?? []).toString('hex')).toBe('0100000000000080')
    const payload = Buffer.alloc(64)
    payload[0] = 1
    const crc = crc16(payload)
    expect(Array.from(reports[1] ?? [])).toEqual([0, 0x13, crc & 0xff, crc >> 8, 0, 0, 0, 0x89])
  })

  it('refuse an answer whose checksum is wrong', () => {
    const data = YUBIKEY_5_NFC
    const crc = 0xffff ^ crc16(data)
    const answer = Uint8Array.from([...data, crc & 0xff, crc >> 8])
    expect(checkOtpAnswer(answer, data.length)).toEqual(data)
    answer[3] = 0xff
    expect(() => checkOtpAnswer(answer, data.length)).toThrow('checksum')
  })
})

/** A key on the FIDO interface: answers INIT, says keepalive once, then its page in packets. */
function fidoKey(info: Uint8Array): HidPort {
  const waiting: Uint8Array[] = []
  const channel = 0x01020304
  return {
    write: async (packet) => {
      const bytes = Buffer.from(packet)
      if (bytes[4] === 0x86) {
        waiting.push(...encodeCtap({ channel: 9, command: 0x06, payload: hex('00') }))
        waiting.push(
          ...encodeCtap({
            channel: 0xffffffff,
            command: 0x06,
            payload: Uint8Array.from([...bytes.subarray(7, 15), 1, 2, 3, 4, 2, 5, 4, 3, 5]),
          }),
        )
      } else if (bytes.readUInt32BE(0) === channel && bytes[4] === 0xc2) {
        waiting.push(...encodeCtap({ channel, command: 0x3b, payload: Uint8Array.of(1) }))
        waiting.push(...encodeCtap({ channel, command: 0x42, payload: info }))
      }
    },
    read: async () => waiting.shift(),
    sendFeature: async () => undefined,
    getFeature: async () => new Uint8Array(8),
  }
}

/** A key on the keyboard interface: busy once, then takes pieces, then gives its answer in reports. */
function keyboardKey(info: Uint8Array): HidPort {
  const crc = 0xffff ^ crc16(info)
  const data = Uint8Array.from([...info, crc & 0xff, crc >> 8])
  let reports: Uint8Array[] = []
  let busy = 1
  return {
    write: async () => undefined,
    read: async () => undefined,
    sendFeature: async (report) => {
      if (report[7] !== 0x89) return
      reports = Array.from({ length: Math.ceil(data.length / 7) }, (_, index) => {
        const piece = new Uint8Array(8)
        piece.set(data.subarray(index * 7, index * 7 + 7))
        piece[7] = 0x40 | index
        return piece
      })
      reports.unshift(Uint8Array.of(0, 5, 2, 6, 3, 7, 0, 0))
      reports.push(Uint8Array.of(0, 5, 2, 6, 3, 7, 0, 0x40))
    },
    getFeature: async () =>
      busy-- > 0
        ? Uint8Array.of(0, 5, 2, 6, 3, 7, 0, 0x80)
        : (reports.shift() ?? Uint8Array.of(0, 5, 2, 6, 3, 7, 0, 0)),
  }
}

describe('reading a key', () => {
  it('over FIDO passes over other channels, old answers and keepalives', async () => {
    expect((await readConfigByFido(fidoKey(YUBIKEY_5_NFC))).serial).toBe('13381487')
  })

  it('over the keyboard interface waits until the key is ready', async () => {
    expect((await readConfigByOtp(keyboardKey(YUBIKEY_5_NFC))).serial).toBe('13381487')
  })

  it('gathers an answer only in order', () => {
    const answer = new OtpAnswer()
    expect(() => answer.add(Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0x41))).toThrow('missing')
  })

  it('gives up on a key that does not answer', async () => {
    const silent: HidPort = { ...fidoKey(YUBIKEY_5C), write: async () => undefined }
    await expect(readConfigByFido(silent)).rejects.toThrow('in time')
  })

  it('asks the FIDO interface where there is one, else the keyboard; what may not be opened is in the trail', async () => {
    const trail: string[] = []
    const face = (productId: number, usagePage: number, usage: number, path: string) => ({
      vendorId: 0x1050,
      productId,
      usagePage,
      usage,
      path,
      release: 0,
      interface: 0,
    })
    const keys = await readKeys(
      [
        face(0x0407, 0xf1d0, 1, '/dev/hidraw0'),
        face(0x0407, 1, 6, '/dev/hidraw1'),
        face(0x0401, 1, 6, '/dev/hidraw2'),
        face(0x0402, 0xf1d0, 1, '/dev/hidraw3'),
      ],
      async (path) => {
        if (path === '/dev/hidraw3') throw new Error('cannot open device with path /dev/hidraw3')
        return {
          ...(path === '/dev/hidraw0' ? fidoKey(YUBIKEY_5_NFC) : keyboardKey(YUBIKEY_5C)),
          close: async () => undefined,
        }
      },
      trail,
    )
    expect(keys.map(({ hasSmartCard, info }) => [hasSmartCard, info?.firmware])).toEqual([
      [true, '5.2.6'],
      [false, undefined],
      [false, '5.1.2'],
    ])
    expect(trail).toEqual([expect.stringContaining('70-hsm-enroll.rules')])
  })
})

describe('what an operator is told', () => {
  const info = describeInfo(readInfoPage(YUBIKEY_5_NFC))
  it('PIV is disabled, no smart card interface, or not seen', () => {
    expect(whyNoPiv({ productId: 0x0407, hasSmartCard: true, info: { ...info, usbEnabled: ['FIDO2'] } })).toMatchObject(
      { code: 'piv.disabled', message: 'YubiKey 13381487: PIV is disabled on this key.' },
    )
    expect(whyNoPiv({ productId: 0x0402, hasSmartCard: false }).code).toBe('piv.no-smart-card')
    expect(whyNoPiv({ productId: 0x0407, hasSmartCard: true, info }).code).toBe('piv.not-seen')
  })

  it('a key that is not found is explained only where the URI names no more than its serial number', () => {
    const notFound = new DeviceError('device.not-found', 'Shown: another token.', { remedy: 'Correct the URI.' })
    const keys = [{ productId: 0x0407, hasSmartCard: true, info: { ...info, usbEnabled: ['FIDO2'] as const } }]
    const told = (uri: string) => explainAbsence(notFound, readTokenUri(uri, ['slot']), keys).message
    expect(told('yubikey:slot=9c')).toContain('PIV is disabled on this key')
    expect(told('yubikey:serial=13381487')).toContain('PIV is disabled on this key')
    expect(told('yubikey:serial=1')).toBe(notFound.message)
    expect(told('pkcs11:token=YubiKey%20PIV%20%231')).toBe(notFound.message)
    expect(told('yubikey:serial=13381487;slot-id=4')).toBe(notFound.message)
  })

  it('a key that only HID shows is listed with its reason, and one that both show gains its form factor', () => {
    const key = { productId: 0x0407, hasSmartCard: true, info }
    const alone = hidOnlyDevice(key)
    expect(alone).toMatchObject({
      uri: 'yubikey:serial=13381487',
      firmware: '5.2.6',
      model: 'YubiKey (USB-A keychain)',
    })
    expect(withHidFacts({ ...alone, obstacles: [] }, [key])).toMatchObject({
      fips: 'not-certified',
      details: { formFactor: 'USB-A keychain' },
    })
  })
})
