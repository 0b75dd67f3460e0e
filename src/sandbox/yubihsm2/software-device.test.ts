import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { COMMANDS } from '../../../devices/yubihsm2/command.ts'
import { sharedFolder } from '../../../test/shared-folder.ts'
import { logDigest } from './audit-log.ts'
import { type RunningYubiHsm2Double, startYubiHsm2Double } from './double.ts'
import { reader } from './execution.ts'
import { HANDLERS } from './handlers/handlers.ts'
import { readFilters } from './handlers/objects.ts'

const vectors = sharedFolder('vectors')
const hex = (text: string): Buffer => Buffer.from(text, 'hex')

let double: RunningYubiHsm2Double
beforeAll(async () => {
  double = await startYubiHsm2Double()
}, 60_000)
beforeEach(() => double.device.faults.clear())
afterAll(() => double.close())

/** `fetch` sets no host header of its own choosing; it is not needed here. */
const post = async (body: Uint8Array): Promise<{ readonly status: number; readonly reply: string }> => {
  const response = await fetch(`${double.connectorUrl}/connector/api`, { method: 'POST', body })
  return { status: response.status, reply: Buffer.from(await response.arrayBuffer()).toString('hex') }
}

describe.runIf(vectors !== undefined)("Yubico's own test bytes", () => {
  const known =
    vectors === undefined ? {} : JSON.parse(readFileSync(join(vectors, 'yubihsm2/protocol-known-answers.json'), 'utf8'))

  it('chains log entries', () => {
    const { previous, next, tampered } = known.log
    const digest = logDigest(hex(next).subarray(0, 16), hex(previous).subarray(16)).toString('hex')
    expect(next.slice(32)).toBe(digest)
    expect(tampered.slice(32)).not.toBe(digest)
  })

  it('reads a list request with five filters', () => {
    expect(known.listObjectsRequest.command).toBe(COMMANDS['list objects'].code)
    const filters = readFilters(reader(hex(known.listObjectsRequest.data)))
    expect(filters).toHaveLength(5)
    const object = {
      id: 2,
      type: 1,
      domains: 0x8000,
      capabilities: 1n,
      algorithm: 21,
      delegated: 0n,
      label: Buffer.alloc(40),
      origin: 1,
      bytes: Buffer.alloc(0),
      sequence: 0,
    }
    expect(filters.every((filter) => filter(object))).toBe(true)
    for (const other of [{ id: 3 }, { type: 2 }, { domains: 0 }, { capabilities: 0n }, { algorithm: 20 }]) {
      expect(filters.every((filter) => filter({ ...object, ...other }))).toBe(false)
    }
  })
})

describe('the table of commands', () => {
  const outside = [
    'create session',
    'authenticate session',
    'session message',
    'get device public key',
    'close session',
  ]
  it.each(Object.entries(COMMANDS))('says rightly whether %s is doubled', (name, { doubled }) => {
    expect(Object.hasOwn(HANDLERS, name) || outside.includes(name)).toBe(doubled)
  })

  it('gives every command a code of its own', () => {
    const codes = Object.values(COMMANDS).map(({ code }) => code)
    expect(new Set(codes).size).toBe(codes.length)
  })
})

describe('the connector of the double', () => {
  it('prints its status line by line', async () => {
    const text = await (await fetch(`${double.connectorUrl}/connector/status`)).text()
    expect(text).toMatch(/^status=OK\nserial=\*\nversion=[\d.]+\npid=\d+\naddress=127\.0\.0\.1\nport=\d+\n$/)
  })

  it('answers plain commands and refuses the rest outside a session', async () => {
    expect(await post(hex('0100021234'))).toEqual({ status: 200, reply: '8100021234' })
    expect((await post(hex('060000'))).reply).toMatch(/^860040020400025318b0/)
    expect((await post(hex('060001' + '01'))).reply).toBe(`860007${Buffer.from('sandbox').toString('hex')}`)
    expect((await post(hex('480000'))).reply).toBe('7f000101')
    expect((await post(hex('090000'))).reply).toBe('7f000101')
    expect((await post(hex('0600ff'))).reply).toBe('7f000108')
    expect((await post(hex(`050009${'00'.repeat(9)}`))).reply).toBe('7f000103')
    expect((await post(hex(`03000a0009${'00'.repeat(8)}`))).reply).toBe('7f00010b')
  })

  it('keeps to sizes, methods, paths and host names', async () => {
    expect((await post(hex('0600'))).status).toBe(400)
    expect((await post(Buffer.alloc(3140))).status).toBe(400)
    expect((await fetch(`${double.connectorUrl}/connector/api`)).status).toBe(405)
    expect((await fetch(`${double.connectorUrl}/connector/status`, { method: 'POST' })).status).toBe(405)
    expect((await fetch(`${double.connectorUrl}/`)).status).toBe(404)
  })

  it('has no device once it is unplugged', async () => {
    double.device.faults.unplugged = true
    expect((await post(hex('060000'))).status).toBe(500)
    expect(await (await fetch(`${double.connectorUrl}/connector/status`)).text()).toContain('status=NO_DEVICE')
  })
})
