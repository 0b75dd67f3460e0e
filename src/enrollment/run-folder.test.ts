import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { RunFolder } from './run-folder.ts'

let state: string
beforeAll(async () => {
  state = await mkdtemp(join(tmpdir(), 'run-folder-'))
})
afterAll(() => rm(state, { recursive: true }))

describe('discarding a run folder', () => {
  it('removes one that holds a journal alone, with its lock', async () => {
    const folder = await RunFolder.create(state, 0, async () => undefined)
    await writeFile(folder.journalFile, '')
    await writeFile(folder.lockFile, '')
    await folder.discard()
    expect(await readdir(join(state, 'runs'))).toEqual([])
    expect(folder.isGone()).toBe(true)
    // Whoever had listed it before asks this next.
    expect(await folder.isBare()).toBe(true)
  })

  it.each([[['public-key.pem']], [['journal.jsonl', 'public-key.pem']], [['journal.jsonl', 'lock', 'lock.0123']]])(
    'leaves one that holds %s',
    async (files) => {
      const folder = await RunFolder.create(state, 0, async () => undefined)
      for (const file of files) await writeFile(join(folder.path, file), '')
      await folder.discard()
      expect((await readdir(folder.path)).sort()).toEqual([...files].sort())
    },
  )
})

describe('a new run folder', () => {
  it('appears with what was put into it, or not at all', async () => {
    const folder = await RunFolder.create(state, 0, (draft) => writeFile(draft.journalFile, 'plan'))
    expect(await readdir(folder.path)).toEqual(['journal.jsonl'])
    const before = await readdir(join(state, 'runs'))
    const failed = RunFolder.create(state, 0, async (draft) => {
      await writeFile(draft.journalFile, 'half')
      throw new Error('the disk is full')
    })
    await expect(failed).rejects.toThrow('the disk is full')
    expect(await readdir(join(state, 'runs'))).toEqual(before)
  })
})
