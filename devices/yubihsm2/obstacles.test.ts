import { describe, expect, it } from 'vitest'
import { ALL_CAPABILITIES, capabilities } from './capability.ts'
import type { ObjectInfo } from './commands/get-object-info.ts'
import { type DeviceFacts, findCapabilities, findObstacles } from './obstacles.ts'

const authKey: ObjectInfo = {
  capabilities: ALL_CAPABILITIES,
  delegatedCapabilities: ALL_CAPABILITIES,
  id: 3,
  length: 40,
  domains: 1,
  type: 2,
  algorithm: 38,
  sequence: 0,
  origin: 2,
  label: 'enrolment',
}
const facts: DeviceFacts = {
  connector: new URL('http://127.0.0.1:12345'),
  info: { firmware: [2, 4, 0], serial: '7550001', logSize: 62, logUsed: 4, algorithms: [9, 10, 11, 12, 13] },
  authKey,
}
const codes = (more: Partial<DeviceFacts>): string[] =>
  findObstacles({ ...facts, ...more }).map(({ severity, code }) => `${severity} ${code}`)

describe('findObstacles', () => {
  it('finds none on a device that is ready', () => {
    expect(codes({})).toEqual([])
  })

  it('warns of plain HTTP to another host, not to this one', () => {
    expect(codes({ connector: new URL('http://10.1.2.3:12345') })).toEqual(['warning yubihsm2.plain-http'])
    expect(codes({ connector: new URL('http://127.0.0.1.example:12345') })).toEqual(['warning yubihsm2.plain-http'])
    for (const address of ['http://localhost:1', 'http://127.8.0.1:1', 'http://[::1]:1', 'https://10.1.2.3']) {
      expect(codes({ connector: new URL(address) })).toEqual([])
    }
  })

  it('stops at a full audit log where audit is forced, warns where it may not ask, is silent where it is not forced', () => {
    const info = { ...facts.info, logUsed: 62 }
    expect(codes({ info, forcedAudit: true })).toEqual(['blocker yubihsm2.audit-log-full'])
    expect(codes({ info })).toEqual(['warning yubihsm2.audit-log-full'])
    expect(codes({ info, forcedAudit: false })).toEqual([])
  })

  it('names each capability that an enrolment needs', () => {
    expect(codes({ authKey: { ...authKey, capabilities: 0n } })).toEqual([
      'blocker yubihsm2.capability.generate-asymmetric-key',
      'blocker yubihsm2.capability.sign-attestation-certificate',
      'blocker yubihsm2.capability.get-opaque',
      'warning yubihsm2.capability.put-opaque',
    ])
  })

  it('sees the factory authentication key and a full store', () => {
    expect(codes({ authKey: { ...authKey, label: 'DEFAULT AUTHKEY CHANGE THIS ASAP' } })).toEqual([
      'warning yubihsm2.factory-auth-key',
    ])
    const storage = { records: 256, freeRecords: 0, pages: 1024, freePages: 3, pageSize: 126 }
    expect(codes({ storage })).toEqual(['blocker yubihsm2.storage-full'])
    const room = { ...storage, freeRecords: 2, freePages: 33 }
    expect(codes({ storage: room })).toEqual([])
    // The key would fit, and be paid for, and its certificate would not.
    for (const short of [{ freeRecords: 1 }, { freePages: 32 }])
      expect(codes({ storage: { ...room, ...short } })).toEqual(['blocker yubihsm2.storage-low'])
  })
})

describe('findCapabilities', () => {
  const reasons = (more: Partial<DeviceFacts>): Record<string, string | undefined> =>
    Object.fromEntries(findCapabilities({ ...facts, ...more }).map(({ algorithm, reason }) => [algorithm, reason]))

  it('says why a key type cannot be used', () => {
    expect(reasons({})).toEqual({})
    expect(reasons({ disabledAlgorithms: [9] })).toMatchObject({ 'RSA-2048': 'it is disabled on this device' })
    const mayNotSign = { ...authKey, capabilities: capabilities('sign-ecdsa'), delegatedCapabilities: 0n }
    expect(reasons({ authKey: mayNotSign })).toMatchObject({
      'RSA-3072': 'authentication key 0x0003 lacks the capability sign-pkcs',
      'P-256': 'authentication key 0x0003 lacks the delegated capability sign-ecdsa',
    })
    const old = { ...facts.info, algorithms: [9] }
    expect(reasons({ info: old })).toMatchObject({ 'P-384': 'the firmware does not support it' })
  })
})
