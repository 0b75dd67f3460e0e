import { generateKeyPairSync, X509Certificate } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { ALGORITHMS } from '../../devices/yubihsm2/algorithm.ts'
import { concat } from '../../devices/yubihsm2/byte-writer.ts'
import { capabilities } from '../../devices/yubihsm2/capability.ts'
import { generateAsymmetricKey } from '../../devices/yubihsm2/commands/generate-asymmetric-key.ts'
import { getObjectInfo } from '../../devices/yubihsm2/commands/get-object-info.ts'
import { getPublicKey } from '../../devices/yubihsm2/commands/get-public-key.ts'
import { listObjects } from '../../devices/yubihsm2/commands/list-objects.ts'
import { encodeNewObject } from '../../devices/yubihsm2/commands/new-object.ts'
import { getOpaque, putOpaque } from '../../devices/yubihsm2/commands/opaque.ts'
import { signAttestationCertificate } from '../../devices/yubihsm2/commands/sign-attestation-certificate.ts'
import { Connector } from '../../devices/yubihsm2/connector.ts'
import { OPTIONS } from '../../devices/yubihsm2/object-type.ts'
import { Session } from '../../devices/yubihsm2/session.ts'
import { deriveStaticKeys } from '../../devices/yubihsm2/session-keys.ts'
import { type RunningYubiHsm2Double, startYubiHsm2Double } from '../../src/sandbox/yubihsm2/double.ts'
import { issueCertificate } from '../pkcs11/issue-certificate.ts'

let double: RunningYubiHsm2Double
let connector: Connector
let clock = 0

beforeAll(async () => {
  double = await startYubiHsm2Double({ now: () => clock })
  connector = new Connector(new URL(double.connectorUrl))
}, 60_000)
beforeEach(() => {
  clock = 0
  double.device.reset()
  double.device.faults.clear()
})
afterAll(() => {
  connector.close()
  return double.close()
})

const open = async (): Promise<Session> =>
  Session.open({
    connector,
    credential: { kind: 'password', authKeyId: 1, keys: await deriveStaticKeys(Buffer.from('password')) },
    firmware: [2, 4, 0],
    now: () => clock,
  })
const object = { id: 0, label: 'x', domains: 1, capabilities: 0n, algorithm: 12 }
const commands = (): string => double.device.faults.commands.join(', ')

it('opens a new session before a command where the old one has been idle too long, and closes the old one', async () => {
  const session = await open()
  clock = 26_000
  await session.run(generateAsymmetricKey, object)
  expect(commands()).toBe(
    'create session, authenticate session, close session, create session, authenticate session, generate asymmetric key',
  )
  await session.close()
  expect(double.device.sessions.open).toBe(0)
})

it.each(['drop-before', 'drop-after'] as const)(
  'repeats a list once after %s, and never a generation',
  async (kind) => {
    const session = await open()
    double.device.faults.plan({ kind }, { command: 'list objects' })
    expect(await session.run(listObjects, {})).toHaveLength(1)
    double.device.faults.plan({ kind }, { command: 'generate asymmetric key' })
    await expect(session.run(generateAsymmetricKey, object)).rejects.toMatchObject({ code: 'device.unreachable' })
    expect(double.device.faults.commands.filter((name) => name === 'generate asymmetric key')).toHaveLength(1)
    expect(await session.run(listObjects, { type: 'asymmetric-key' })).toHaveLength(kind === 'drop-after' ? 1 : 0)
    await session.close()
    expect(double.device.sessions.open).toBe(0)
  },
)

it('goes on over a new session where the device no longer accepts the old one', async () => {
  const session = await open()
  double.device.sessions.use(0).chain = Buffer.alloc(16)
  expect(await session.run(listObjects, {})).toHaveLength(1)
  double.device.sessions.clear()
  await expect(session.run(generateAsymmetricKey, object)).rejects.toMatchObject({
    code: 'device.gone',
    vendorCode: '0x03 invalid session',
    message: expect.stringContaining('Could not generate asymmetric key'),
  })
  expect(await session.run(listObjects, { type: 'asymmetric-key' })).toEqual([])
  await session.close()
})

it('gives up after the second loss', async () => {
  const session = await open()
  double.device.faults.plan({ kind: 'drop-before' }, { command: 'list objects', times: 2 })
  await expect(session.run(listObjects, {})).rejects.toMatchObject({ code: 'device.unreachable' })
  await session.close()
})

it('sends nothing more after a reply with a wrong authentication code', async () => {
  const session = await open()
  double.device.faults.plan({ kind: 'wrong-mac' }, { command: 'list objects' })
  await expect(session.run(listObjects, {})).rejects.toMatchObject({ code: 'device.protocol' })
  const sent = commands()
  await expect(session.run(listObjects, {})).rejects.toMatchObject({ code: 'device.protocol' })
  expect(commands()).toBe(`${sent}, close session`)
})

it('runs commands one after the other, however they are called', async () => {
  const session = await open()
  const lists = await Promise.all(Array.from({ length: 8 }, () => session.run(listObjects, {})))
  expect(lists.every((list) => list.length === 1)).toBe(true)
  await session.close()
  await expect(session.run(listObjects, {})).rejects.toMatchObject({ code: 'device.gone' })
})

it('takes what fits into a frame and refuses the rest before it is sent', async () => {
  const session = await open()
  const data = Buffer.alloc(3050, 7)
  const id = await session.run(putOpaque, { object: { ...object, algorithm: 30 }, data })
  expect(await session.run(getOpaque, id)).toEqual(data)
  const sent = double.device.faults.commands.length
  const tooLong = session.run(putOpaque, { object: { ...object, algorithm: 30 }, data: Buffer.alloc(3100) })
  await expect(tooLong).rejects.toMatchObject({ code: 'device.unsupported' })
  expect(double.device.faults.commands).toHaveLength(sent)
  expect(await session.run(getOpaque, id)).toEqual(data)
  await session.close()
})

describe('what Yubico’s hardware tests see of objects', () => {
  it('an RSA key is as long as all numbers of its private half', async () => {
    const session = await open()
    const id = await session.run(generateAsymmetricKey, { ...object, algorithm: ALGORITHMS.rsa2048 })
    expect(await session.run(getObjectInfo, { id, type: 'asymmetric-key' })).toMatchObject({ length: 896 })
    await session.close()
  })

  it('capabilities may be given as all, 64 bits', async () => {
    const session = await open()
    const all = (1n << 64n) - 1n
    const id = await session.run(generateAsymmetricKey, { ...object, capabilities: all })
    expect(await session.run(getPublicKey, id)).toBeDefined()
    await session.close()
  })

  it('a template is kept as it is; what signs by it is a command that the device does not know', async () => {
    const session = await open()
    const data = Buffer.from('no template of anything')
    const put = {
      name: 'put template',
      repeatable: false,
      encode: () => concat(head, data),
      decode: (id: Buffer) => id,
    } as const
    const head = encodeNewObject({ ...object, algorithm: ALGORITHMS['template-ssh'] })
    const id = await session.run(put, undefined)
    const get = { name: 'get template', repeatable: true, encode: () => id, decode: (bytes: Buffer) => bytes } as const
    expect(await session.run(get, undefined)).toEqual(data)
    const sign = { ...get, name: 'sign ssh certificate' } as const
    await expect(session.run(sign, undefined)).rejects.toMatchObject({ vendorCode: '0x01 invalid command' })
    await session.close()
  })

  it('every command may be audited, echo too', async () => {
    const { options } = double.device
    const audited = options.get(OPTIONS['command-audit'])
    expect(audited.subarray(0, 10).toString('hex')).toBe('01000300040005000600')
    options.set(OPTIONS['command-audit'], Buffer.of(0x01, 0x01), false)
    expect(options.logs(0x01)).toBe(true)
  })

  it('the template of an attesting key may be the certificate of another key', async () => {
    const session = await open()
    const attest = capabilities('sign-ecdsa', 'sign-attestation-certificate')
    const attestingId = await session.run(generateAsymmetricKey, { ...object, capabilities: attest })
    const template = issueCertificate(foreignKey(), 'template of another key')
    await session.run(putOpaque, { object: { ...object, id: attestingId, algorithm: 31 }, data: template })
    const id = await session.run(generateAsymmetricKey, object)
    const attested = new X509Certificate(await session.run(signAttestationCertificate, { id, attestingId }))
    expect(attested.issuer).toBe(new X509Certificate(template).subject)
    await session.close()
  })
})

/** SubjectPublicKeyInfo of a key that no device has. */
const foreignKey = (): Uint8Array =>
  new Uint8Array(generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'der' }))
