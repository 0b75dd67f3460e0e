import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { builtInKnowledge } from '../knowledge/built-in-knowledge.ts'
import type { Fact } from '../ledger/fact.ts'
import { FolderLedger } from '../ledger/folder-ledger.ts'
import { lastFact } from '../ledger/ledger.ts'
import { noteHost, readFleetStatus } from './fleet-status.ts'

let folder: string
let clock: number
let ledger: FolderLedger
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fleet-'))
  clock = Date.parse('2026-11-29T12:00:00Z')
  ledger = new FolderLedger(folder, () => clock)
})
afterEach(() => rm(folder, { recursive: true }))

const claim = (digit: string): string => digit.repeat(64)
const request = (digit: string, host: string, more: Partial<Fact<'request'>> = {}): Fact<'request'> => ({
  kind: 'request',
  subject: claim(digit),
  run: `broker.${host}`,
  status: 'received',
  host,
  test: false,
  attempt: 'a',
  hostRun: 'r',
  requestedBy: 'operator',
  formSha256: 'f',
  subjectName: 'CN=One',
  device: { hsmType: 'YUBIKEY', model: 'YubiKey 5', serial: '1', firmware: '5.4.3', keyType: 'EC' },
  ...more,
})
const ordered = (digit: string, status: 'ordered' | 'unknown'): Fact<'order'> => ({
  kind: 'order',
  subject: claim(digit),
  run: `2026-11-29-run00${digit}`,
  entry: digit,
  status,
  test: false,
  claim: claim(digit),
  ...(status === 'ordered' ? { orderNumber: `100${digit}` } : {}),
})
const status = () => readFleetStatus(ledger, builtInKnowledge(), clock)

describe('the state of a fleet', () => {
  it('counts what is open for each host, and unknown outcomes apart', async () => {
    for (const fact of [request('1', 'web1'), request('2', 'web1'), request('3', 'web2')]) await ledger.record(fact)
    await ledger.record(ordered('1', 'ordered'))
    await ledger.record(ordered('2', 'unknown'))
    const { hosts, keys } = await status()
    expect(hosts).toEqual([
      { name: 'web1', keys: 2, open: 2, unknown: 1 },
      { name: 'web2', keys: 1, open: 0, unknown: 0 },
    ])
    expect(keys.map(({ state, orderNumber }) => [state, orderNumber])).toEqual([
      ['ordered', '1001'],
      ['unknown', undefined],
      ['none', undefined],
    ])
  })

  it('names the advisories of firmware and key type, as of the day', async () => {
    const device = { hsmType: 'YUBIKEY', model: 'YubiKey 5', firmware: '5.7.4', keyType: 'EC' }
    await ledger.record(request('1', 'web1'))
    await ledger.record(request('2', 'web1', { device }))
    const names = async () => (await status()).keys.map(({ advisories }) => advisories.map(({ id }) => id))
    const [old, recent] = await names()
    expect(old).toHaveLength(1)
    expect(recent).toEqual([])
    clock = Date.parse('2024-01-01T00:00:00Z')
    expect(await names()).toEqual([[], []])
  })

  it('notes a host once an hour, and tells when and with which version it came', async () => {
    const note = async (version: string): Promise<void> =>
      noteHost(ledger, 'web1', version, clock, await lastFact(ledger, 'host', 'web1'))
    await note('0.1.0')
    clock += 3_599_000
    await note('0.2.0')
    expect(await ledger.history('host', 'web1')).toHaveLength(1)
    clock += 1000
    await note('0.2.0')
    expect((await status()).hosts).toEqual([
      { name: 'web1', version: '0.2.0', lastSeen: '2026-11-29T13:00:00.000Z', keys: 0, open: 0, unknown: 0 },
    ])
  })
})
