import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { type RunningYubiHsm2Double, startYubiHsm2Double } from '../../src/sandbox/yubihsm2/double.ts'
import type { ProgramEnd } from './built-program.ts'
import { runInside } from './run-inside.ts'

/** What the ledger knows of keys and certificates, and what a device has. */
let folder: string
let double: RunningYubiHsm2Double
let rehearsal: Rehearsal
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inventory-'))
  double = await startYubiHsm2Double()
  rehearsal = await startRehearsal({
    directory: folder,
    device: double,
    algorithm: 'P-256',
    authority: { account: { credit: '1000000.00' } },
  })
})
afterEach(async () => {
  await rehearsal.close()
  await rm(folder, { recursive: true })
})

interface Key {
  readonly run: string
  readonly location: string
  readonly daysLeft?: number
  readonly orphaned: boolean
  readonly keyStatus: string
  readonly subject?: string
  readonly next: string
}
interface Run {
  readonly id: string
  readonly keyLocation: string
}
const state = (): readonly string[] => ['--state-directory', rehearsal.stateDirectory]
const shown = (end: ProgramEnd): Run => JSON.parse(end.stdout) as Run
const enroll = async (...more: string[]): Promise<Run> =>
  shown(await runInside(['enroll', rehearsal.profile, '--yes', '--wait', '--json', ...more]))
const keygen = async (): Promise<Run> => shown(await runInside(['keygen', rehearsal.profile, '--json']))

async function keys(...words: string[]): Promise<readonly Key[]> {
  const end = await runInside([...words, '--json', ...state()])
  expect(end.code, end.stderr).toBe(0)
  return (JSON.parse(end.stdout) as { keys: Key[] }).keys
}

describe('the inventory', () => {
  it('lists every key with its certificate and what its evidence is worth today, the next one to end first', async () => {
    const pending = await keygen()
    const paid = await enroll('--new')
    const list = await keys('keys', 'list')
    expect(list.map(({ run }) => run)).toEqual([paid.id, pending.id])
    expect(list[0]).toMatchObject({
      state: 'installed',
      device: expect.stringMatching(/^YUBIHSM2 \d+$/),
      location: paid.keyLocation,
      algorithm: 'P-256',
      subject: expect.stringContaining('Example Signing'),
      daysLeft: expect.any(Number),
      evidence: { acceptable: true, certification: expect.any(String), advisories: [] },
      orphaned: false,
    })
    expect(list[0]?.daysLeft).toBeGreaterThan(300)
    expect((await keys('certificates', 'list')).map(({ run }) => run)).toEqual([paid.id])
  })

  it('is the same after the ledger was deleted and built again, a key that was deleted included', async () => {
    await enroll()
    const test = await enroll('--test')
    const given = await keygen()
    await runInside(['runs', 'abandon', given.id, '--yes', ...state()])
    expect((await runInside(['keys', 'delete', test.keyLocation, rehearsal.profile, '--yes'])).code).toBe(0)
    const before = await keys('keys', 'list')
    expect(before.map(({ keyStatus }) => keyStatus).sort()).toEqual(['abandoned', 'alive', 'deleted'])
    await rm(join(rehearsal.stateDirectory, 'ledger'), { recursive: true })
    const rebuilt = await runInside(['ledger', 'rebuild', ...state()])
    expect(rebuilt.code, rebuilt.stdout).toBe(0)
    expect(await keys('keys', 'list')).toEqual(before)
  })

  it('is filtered by end, device, and whether any run needs the key', async () => {
    const paid = await enroll()
    const given = await keygen()
    await runInside(['runs', 'abandon', given.id, '--yes', ...state()])
    expect(await keys('keys', 'list', '--expiring', '60d')).toEqual([])
    expect((await keys('keys', 'list', '--expiring', '60w')).map(({ run }) => run)).toEqual([paid.id])
    expect((await keys('keys', 'list', '--orphaned')).map(({ run }) => run)).toEqual([given.id])
    expect(await keys('keys', 'list', '--device', 'YUBIKEY')).toEqual([])
    expect(await keys('keys', 'list', '--device', 'yubihsm2')).toHaveLength(2)
    const wrong = await runInside(['keys', 'list', '--expiring', 'soon', ...state()])
    expect(wrong.code).toBe(2)
    expect(wrong.stderr).toContain('--expiring 30d')
  })

  it('is a table for people and CSV for spreadsheets', async () => {
    const paid = await enroll()
    const table = await runInside(['keys', 'list', ...state()])
    expect(table.stdout).toMatch(/^ENDS +DAYS +DEVICE/)
    expect(table.stdout).toContain(paid.keyLocation)
    const { stdout } = await runInside(['certificate', 'list', '--csv', ...state()])
    const [header, row] = stdout.split('\r\n')
    expect(header).toMatch(/^subject,device,place,algorithm,spkiSha256,/)
    expect(row).toContain('"CN=')
    expect((await runInside(['keys', 'list', '--csv', '--json', ...state()])).code).toBe(2)
  })
})

describe('a scan', () => {
  interface Scanned {
    readonly location: string
    readonly finding: string
    readonly run?: string
  }
  const scan = async (): Promise<{ readonly code: number | null; readonly keys: readonly Scanned[] }> => {
    const end = await runInside(['inventory', 'scan', rehearsal.profile, '--json'])
    const [first] = (JSON.parse(end.stdout) as { scans: { keys: Scanned[] }[] }).scans
    return { code: end.code, keys: first?.keys ?? [] }
  }

  it('finds nothing to say of keys that are where the ledger has them', async () => {
    const paid = await enroll()
    expect(await scan()).toEqual({
      code: 0,
      keys: [expect.objectContaining({ location: paid.keyLocation, finding: 'known', run: paid.id })],
    })
  })

  it('tells a key that nobody generated here, one that is gone, and one that another has replaced by hand', async () => {
    const gone = await enroll()
    const replaced = await enroll('--new')
    const elsewhere = join(folder, 'elsewhere')
    const at = (location: string): number => Number.parseInt(location, 16)
    const away = ['--state-directory', elsewhere]
    const stranger = shown(await runInside(['keygen', rehearsal.profile, '--json', ...away]))
    const hand = shown(await runInside(['keygen', rehearsal.profile, '--json', ...away]))
    const { store } = double.device
    const taken = ({ keyLocation }: Run) => {
      const key = store.list().find(({ id, type }) => type === 3 && id === at(keyLocation))
      if (key === undefined) throw new Error('the double has lost a key')
      store.remove(key)
      return key
    }
    taken(gone)
    const { id } = taken(replaced)
    store.add({ ...taken(hand), id })
    const { code, keys: found } = await scan()
    expect(code).toBe(1)
    const finding = new Map(found.map((each) => [each.location, each.finding]))
    expect(finding.get(gone.keyLocation)).toBe('gone')
    expect(finding.get(replaced.keyLocation)).toBe('replaced')
    expect(finding.get(stranger.keyLocation)).toBe('unknown')
  })
})
