import { appendFile, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Fact } from '../../src/ledger/fact.ts'
import { FolderLedger } from '../../src/ledger/folder-ledger.ts'
import { describeLedger, gather } from './conformance.ts'

describeLedger('a folder', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ledger-'))
  const again = () => new FolderLedger(join(folder, 'ledger'))
  return { ledger: again(), again, close: () => rm(folder, { recursive: true }) }
})

describe('a ledger in a folder', () => {
  let folder: string
  let ledger: FolderLedger
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ledger-'))
    ledger = new FolderLedger(folder)
  })
  afterEach(() => rm(folder, { recursive: true }))

  const fact = (run: string): Fact<'order'> => ({
    kind: 'order',
    subject: 'k',
    run,
    status: 'ordered',
    test: false,
    claim: 'k',
  })
  const only = async (room: string): Promise<string> => {
    const [name = 'none', ...others] = await readdir(join(folder, room))
    expect(others).toEqual([])
    return join(folder, room, name)
  }
  const runs = async (): Promise<readonly string[]> => (await ledger.history('order', 'k')).map(({ run }) => run)

  it('cut at every byte of the last fact has the facts before it, and goes on', async () => {
    await ledger.record(fact('a'))
    const file = await only('order')
    const before = (await readFile(file)).length
    await ledger.record(fact('b'))
    const whole = await readFile(file)
    for (let cut = before; cut < whole.length; cut++) {
      await writeFile(file, whole.subarray(0, cut))
      expect(await runs(), `cut at ${cut}`).toEqual(['a'])
      await ledger.record(fact('c'))
      expect(await runs(), `cut at ${cut} and written to`).toEqual(['a', 'c'])
    }
  })

  it('with any byte of a fact changed is damaged, and never says "none"', async () => {
    await ledger.record(fact('a'))
    await ledger.record(fact('b'))
    const file = await only('order')
    const whole = await readFile(file)
    for (let at = 0; at < whole.length - 1; at++) {
      const changed = Buffer.from(whole)
      changed[at] = (changed[at] ?? 0) ^ 1
      await writeFile(file, changed)
      await expect(ledger.history('order', 'k'), `byte ${at}`).rejects.toMatchObject({
        code: 'ledger.damaged',
        exitCode: 5,
      })
    }
  })

  it('with an empty file is damaged, for who reads and for who writes', async () => {
    await ledger.record(fact('a'))
    await truncate(await only('order'))
    await expect(ledger.history('order', 'k')).rejects.toMatchObject({ code: 'ledger.damaged' })
    await expect(ledger.record(fact('b'))).rejects.toMatchObject({ code: 'ledger.damaged' })
  })

  it.each(['', '{', '[]', '{"name":"k"}', '{"name":"other","run":"a","intent":"i"}'])(
    'with a claim that says %j is damaged: such a claim is neither free nor anybody’s',
    async (content) => {
      await ledger.claim('k', 'a', 'i')
      await writeFile(await only('claims'), content)
      for (const ask of [() => ledger.claim('k', 'a', 'i'), () => ledger.claimOf('k'), () => ledger.release('k', 'a')])
        await expect(ask()).rejects.toMatchObject({ code: 'ledger.damaged', exitCode: 5 })
    },
  )

  it('has a claim that an earlier version granted, which had no fence', async () => {
    await ledger.claim('k', 'a', 'i')
    await writeFile(await only('claims'), '{"name":"k","run":"a","intent":"i","time":"2026-01-01T00:00:00.000Z"}')
    expect(await ledger.claimOf('k')).toMatchObject({ run: 'a', fence: '' })
    await ledger.release('k', 'a')
    expect(await ledger.claimOf('k')).toBeUndefined()
  })

  it('is not confused by what a crash left of a file that was to appear', async () => {
    await ledger.record({ kind: 'key', subject: 'k', run: 'a', status: 'alive', test: false })
    await appendFile(`${await only('key')}.0123456789ab`, 'half')
    expect((await gather(ledger.all('key'))).map(({ subject }) => subject)).toEqual(['k'])
  })
})
