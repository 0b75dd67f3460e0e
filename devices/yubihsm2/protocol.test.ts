import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sharedFolder } from '../../test/shared-folder.ts'
import { authenticate } from './authenticate.ts'
import { readDeviceInfo } from './commands/device-info.ts'
import { generateAsymmetricKey } from './commands/generate-asymmetric-key.ts'
import { getObjectInfo } from './commands/get-object-info.ts'
import { getPublicKey, subjectPublicKeyInfo } from './commands/get-public-key.ts'
import { getStorageInfo } from './commands/get-storage-info.ts'
import { listObjects } from './commands/list-objects.ts'
import { readReply, requestFrame } from './frame.ts'
import { deriveStaticKeys } from './session-keys.ts'
import { openBody, pad, sealCommand, unpad } from './session-message.ts'

const vectors = sharedFolder('vectors')
const hex = (text: string): Buffer => Buffer.from(text, 'hex')
const never = (): Error => new Error('wrong length')

describe.runIf(vectors !== undefined)("Yubico's own test bytes", () => {
  const known =
    vectors === undefined ? {} : JSON.parse(readFileSync(join(vectors, 'yubihsm2/protocol-known-answers.json'), 'utf8'))

  it('derives K-ENC and K-MAC from a password, in UTF-8 without normalisation', async () => {
    for (const { password, kEnc, kMac } of known.passwordToKey) {
      const keys = await deriveStaticKeys(Buffer.from(password, 'utf8'))
      expect(Buffer.from(keys.encryption).toString('hex')).toBe(kEnc)
      expect(Buffer.from(keys.mac).toString('hex')).toBe(kMac)
    }
  })

  it('makes exactly the create and authenticate requests of the handshake', async () => {
    const { authKeyId, password, hostChallenge, createRequest, createResponse } = known.handshake
    const sent: string[] = []
    const channel = await authenticate(
      { kind: 'password', authKeyId, keys: await deriveStaticKeys(Buffer.from(password)) },
      async (command, data) => {
        sent.push(requestFrame(command, data).toString('hex'))
        return readReply(command, hex(createResponse))
      },
      async (frame) => {
        sent.push(Buffer.from(frame).toString('hex'))
        return readReply('authenticate session', hex(known.handshake.authenticateResponse))
      },
      hex(hostChallenge),
    )
    expect(sent).toEqual([createRequest, known.handshake.authenticateRequest])
    expect(channel.sid).toBe(0)
  })

  it('stops before anything more is sent where the card cryptogram is of another password', async () => {
    const { authKeyId, hostChallenge, createResponse } = known.handshake
    let sent = 0
    const attempt = authenticate(
      { kind: 'password', authKeyId, keys: await deriveStaticKeys(Buffer.from('Password')) },
      async (command) => readReply(command, hex(createResponse)),
      async () => {
        sent++
        return Buffer.alloc(0)
      },
      hex(hostChallenge),
    )
    await expect(attempt).rejects.toMatchObject({ code: 'pin.wrong' })
    expect(sent).toBe(0)
  })

  it('reads device info, object info and a list', () => {
    const { deviceInfo, objectInfo, listObjectsResponse } = known
    const info = readDeviceInfo(readReply('device info', hex(deviceInfo.response)), never)
    expect(info).toMatchObject({ serial: String(deviceInfo.serial), logSize: 62, logUsed: 4 })
    expect(info.firmware.join('.')).toBe(deviceInfo.version)
    expect(info.algorithms).toHaveLength(deviceInfo.algorithms)
    const object = getObjectInfo.decode(hex(objectInfo.data), never)
    expect(object).toMatchObject({
      id: objectInfo.id,
      length: objectInfo.length,
      domains: objectInfo.domains,
      type: objectInfo.type,
      algorithm: objectInfo.algorithm,
      origin: objectInfo.origin,
      label: objectInfo.label,
    })
    expect(object.capabilities.toString(16)).toBe(objectInfo.capabilities)
    const listed = listObjects.decode(hex(listObjectsResponse.data), never)
    const typeNames: Readonly<Record<number, string>> = { 2: 'authkey', 3: 'asymmetric', 5: 'hmac' }
    expect(listed.map(({ id, type }) => `${typeNames[type]} ${id}`)).toEqual(listObjectsResponse.objects)
  })
})

describe('the secure channel', () => {
  const keys = { encryption: hex('00'.repeat(16)), mac: hex('11'.repeat(16)), replyMac: hex('22'.repeat(16)) }

  it('pads by 1 to 16 bytes and refuses what is not such padding', () => {
    for (let length = 0; length < 40; length++) {
      const padded = pad(Buffer.alloc(length, 0x80))
      expect(padded.length % 16).toBe(0)
      expect(padded.length - length).toBeLessThanOrEqual(16)
      expect(unpad(padded)).toEqual(Buffer.alloc(length, 0x80))
    }
    for (const bad of ['00'.repeat(16), `80${'00'.repeat(15)}${'00'.repeat(16)}`, `80${'00'.repeat(14)}01`]) {
      expect(unpad(hex(bad))).toBeUndefined()
    }
  })

  it('never uses the same IV twice and moves the chain with every command', async () => {
    const first = await sealCommand(keys, Buffer.alloc(16), 1, 0, requestFrame('list objects', Buffer.alloc(0)))
    const second = await sealCommand(keys, first.chain, 2, 0, requestFrame('list objects', Buffer.alloc(0)))
    expect(first.frame.subarray(4, 20)).not.toEqual(second.frame.subarray(4, 20))
    expect(second.chain).not.toEqual(first.chain)
    expect(openBody(keys, 1, first.frame.subarray(4, -8))).toEqual(requestFrame('list objects', Buffer.alloc(0)))
    expect(openBody(keys, 1, second.frame.subarray(4, -8))).not.toEqual(requestFrame('list objects', Buffer.alloc(0)))
  })
})

describe('replies', () => {
  it.each([
    ['', 'device.protocol'],
    ['8600', 'device.protocol'],
    ['860002aa', 'device.protocol'],
    ['860001aabb', 'device.protocol'],
    ['830000', 'device.protocol'],
    ['7f000109', 'device.refused'],
    ['7f00010a', 'device.audit-log-full'],
    ['7f0001ee', 'device.refused'],
    ['7f0000', 'device.protocol'],
  ])('refuses %s as %s', (reply, code) => {
    expect(() => readReply('device info', hex(reply))).toThrow(expect.objectContaining({ code }))
  })
})

describe('hostile replies', () => {
  const refusal = new Error('wrong length')
  const bytes = fc.uint8Array({ maxLength: 600 }).map((array) => Buffer.from(array))

  it('are read or refused, and nothing else', () => {
    const decoders = [generateAsymmetricKey, getObjectInfo, getPublicKey, getStorageInfo, listObjects]
    fc.assert(
      fc.property(bytes, fc.constantFrom(...decoders), (reply, { decode }) => {
        try {
          decode(reply, () => refusal)
        } catch (error) {
          expect(error).toBe(refusal)
        }
      }),
    )
    fc.assert(
      fc.property(bytes, (reply) => {
        try {
          readReply('list objects', reply)
        } catch (error) {
          expect(error).toMatchObject({ name: 'DeviceError' })
        }
      }),
    )
  })

  it('never become a public key of another length or off the curve', () => {
    const key = (algorithm: number, length: number) => (): unknown =>
      subjectPublicKeyInfo({ algorithm, bytes: Buffer.alloc(length, 0xab) })
    for (const [algorithm, length] of [
      [9, 255],
      [9, 257],
      [11, 256],
      [12, 63],
      [12, 64],
      [13, 96],
    ] as const) {
      expect(key(algorithm, length)).toThrow()
    }
    expect(key(46, 32)()).toBeUndefined()
  })
})
