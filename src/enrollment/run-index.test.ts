import { mkdtemp, readdir, readFile, rm, truncate, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { sha256Hex } from '../sha256-hex.ts'
import { Journal } from './journal.ts'
import { listRuns } from './list-runs.ts'
import { RunFolder } from './run-folder.ts'
import { type IndexedRun, inAscii, indexedRuns } from './run-index.ts'

const NOW = Date.UTC(2026, 10, 22)

let state: string
beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), 'index-'))
})
afterEach(() => rm(state, { recursive: true }))

async function addRun(profile: string, orderNumber?: string): Promise<RunFolder> {
  const planned = {
    type: 'planned',
    settings: {},
    profile,
    test: false,
    device: true,
    keyLabel: 'label',
    keyId: '00',
  } as const
  return RunFolder.create(state, NOW, async ({ journalFile }) => {
    const journal = await Journal.begin(journalFile, () => NOW, planned)
    if (orderNumber !== undefined) await journal.append({ type: 'ordered', orderNumber, paymentRequired: false })
  })
}

/** As many as are worth an index. */
async function addRuns(count = 40): Promise<readonly RunFolder[]> {
  const folders: RunFolder[] = []
  for (let number = 0; number < count; number++)
    folders.push(await addRun(`/profile-${number}.yaml`, `${1000 + number}`))
  return folders
}

async function indexed(keep = false): Promise<ReadonlyMap<string, IndexedRun>> {
  const runs = new Map<string, IndexedRun>()
  for await (const run of indexedRuns(state, { keep })) runs.set(run.id, run)
  return runs
}

const file = (): string => join(state, 'run-index')

/** Writes another order number into the index, under a seal that fits: what is told afterwards was not read from the journal. */
async function planted(from: string, to: string): Promise<void> {
  const lines = (await readFile(file(), 'utf8')).split('\n')
  const changed = lines.map((line) => {
    const text = line.slice(17)
    const other = text.replace(`"${from}"`, `"${to}"`)
    return other === text ? line : `${sha256Hex(other).slice(0, 16)} ${other}`
  })
  await writeFile(file(), changed.join('\n'))
}

describe('the index of runs', () => {
  it('says nothing of a run that is removed while it is read', async () => {
    await addRuns(3)
    const [first, second, third] = (await listRuns(state)).map(({ id }) => id).sort()
    const seen: string[] = []
    for await (const { id, fault } of indexedRuns(state)) {
      seen.push(fault === undefined ? id : `${id} ${fault.message}`)
      if (id === first) await rm(RunFolder.at(state, second ?? '').path, { recursive: true })
    }
    expect(seen).toEqual([first, third])
  })

  it('says of each run what its journal says, before it is written and afterwards', async () => {
    await addRuns()
    const expected = (await listRuns(state)).map(({ id, folder, record }) => ({
      id,
      folder,
      order: record?.orderNumber,
      profile: record?.profile,
      state: record?.state,
    }))
    for (const keep of [false, true, false]) {
      const runs = [...(await indexed(keep)).values()].map(({ id, folder, digest }) => ({
        id,
        folder,
        order: digest?.orderNumber,
        profile: digest?.profile,
        state: digest?.state,
      }))
      expect(runs.sort((a, b) => (a.id < b.id ? -1 : 1))).toEqual([...expected].sort((a, b) => (a.id < b.id ? -1 : 1)))
    }
  })

  it('is written only by whoever may, and only if it saves something', async () => {
    await addRuns(3)
    await indexed(true)
    await addRuns()
    await indexed()
    expect(await readdir(state)).toEqual(['runs'])
    await indexed(true)
    expect(await readdir(state)).toEqual(['run-index', 'runs'])
  })

  it('spares the reading of a journal that has not changed, and of no other', async () => {
    const [first, second, third] = await addRuns()
    if (first === undefined || second === undefined || third === undefined) throw new Error('no runs')
    await indexed(true)
    await planted('1000', '7')
    await planted('1001', '8')
    expect((await indexed()).get(first.id)?.digest?.orderNumber).toBe('7')
    expect((await indexed()).get(second.id)?.digest?.orderNumber).toBe('8')
    // Another time of change alone is reason enough: a copy, a restored backup.
    const { journalFile } = second
    await utimes(journalFile, 1, 1)
    expect((await indexed()).get(second.id)?.digest?.orderNumber).toBe('1001')
    await (await Journal.open(third.journalFile, () => NOW)).append({ type: 'installed', where: 'here' })
    expect((await indexed()).get(third.id)?.digest?.state).toBe('installed')
  })

  it('knows no run that is damaged or gone, and each that is new', async () => {
    const [first, second] = await addRuns()
    if (first === undefined || second === undefined) throw new Error('no runs')
    await indexed(true)
    await truncate(first.journalFile, 10)
    await rm(second.path, { recursive: true })
    const added = await addRun('/new.yaml')
    const runs = await indexed()
    expect(runs.get(first.id)?.fault).toMatchObject({ code: 'journal.damaged' })
    expect(runs.has(second.id)).toBe(false)
    expect(runs.get(added.id)?.digest?.profile).toBe('/new.yaml')
  })

  it('that was changed anywhere, or is of another version, is not believed', async () => {
    const [first] = await addRuns()
    if (first === undefined) throw new Error('no runs')
    await indexed(true)
    const whole = await readFile(file(), 'utf8')
    for (const damaged of [
      whole.replace('"1000"', '"7777"'),
      whole.slice(0, -20),
      whole.replace('index 2', 'index 3'),
      whole.split('\n').reverse().join('\n'),
      whole.replaceAll('\n', ''),
      `${whole}${'y'.repeat(300_000)}`,
      whole.split('\n').toSpliced(20, 1).join('\n'),
      '',
      '\n',
      'x'.repeat(100),
    ]) {
      await writeFile(file(), damaged)
      const runs = await indexed()
      expect(runs.size).toBe(40)
      expect(runs.get(first.id)?.digest?.orderNumber).toBe('1000')
    }
  })

  it('leaves out what is of no interest, in whatever letters a profile is named', async () => {
    await addRuns()
    const [zoë, emoji] = [await addRun('/Zoë Ünal/profil.yaml'), await addRun('/🔑/"quoted".yaml')]
    await indexed(true)
    for (const [run, profile] of [
      [zoë, '/Zoë Ünal/profil.yaml'],
      [emoji, '/🔑/"quoted".yaml'],
    ] as const) {
      const text = inAscii(JSON.stringify(profile))
      const found: IndexedRun[] = []
      for await (const each of indexedRuns(state, { wanted: (digest) => digest.includes(text) })) found.push(each)
      expect(found.map(({ id, digest }) => [id, digest?.profile])).toEqual([[run.id, profile]])
    }
  })

  it('is empty where no run was ever begun', async () => {
    expect((await indexed(true)).size).toBe(0)
  })
})

describe('a journal that cannot be read', () => {
  it('is a fault of its run, which the list of runs names, and no other run is hidden by it', async () => {
    const [large, folder] = [await addRun('/a.yaml'), await addRun('/b.yaml')]
    const good = await addRun('/c.yaml')
    await truncate(large.journalFile, 17 * 1024 * 1024)
    await rm(folder.journalFile)
    const runs = await listRuns(state)
    expect(runs.find(({ id }) => id === large.id)?.fault?.message).toContain('more than 16777216 bytes')
    expect(runs.find(({ id }) => id === folder.id)?.fault?.message).toContain('there is no such file')
    expect(runs.find(({ id }) => id === good.id)?.record?.profile).toBe('/c.yaml')
  })
})
