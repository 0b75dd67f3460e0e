import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runProgram, watchPrograms } from '../../../devices/run-program.ts'
import { readSecret } from '../../config/secret-source.ts'
import { sha256Hex } from '../../sha256-hex.ts'
import { PROGRAMS_FILE, recordPrograms } from './program-record.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'programs-'))
  await mkdir(join(folder, 'bin'))
})
afterEach(() => rm(folder, { recursive: true }))

async function program(name: string, says: string): Promise<{ readonly path: string; readonly sha256: string }> {
  const path = join(folder, 'bin', name)
  const text = `#!/bin/sh\necho ${says}\n`
  await writeFile(path, text, { mode: 0o755 })
  return { path, sha256: sha256Hex(text) }
}

const run = (command: string, PATH: string) =>
  runProgram({
    command,
    arguments: ['an-argument-4711'],
    environment: { PATH },
    timeout: 60_000,
    maxOutput: 1000,
  })

const watched = <T>(action: () => Promise<T>): Promise<T> =>
  watchPrograms(recordPrograms(join(folder, PROGRAMS_FILE)), action)
const recorded = (): Promise<string> => readFile(join(folder, PROGRAMS_FILE), 'utf8')

describe('the record of programs', () => {
  it('has each by path and hash, as PATH finds it and as it is named, once; and nothing that was passed', async () => {
    const [one, two] = [await program('one', 'a'), await program('two', 'b')]
    const PATH = `${join(folder, 'nowhere')}:${join(folder, 'bin')}`
    const ends = await watched(() => Promise.all([run('one', PATH), run(two.path, ''), run('one', PATH)]))
    expect(ends.map(({ kind }) => kind)).toEqual(['ended', 'ended', 'ended'])
    expect(JSON.parse(await recorded())).toEqual([one, two])
    expect(await recorded()).not.toContain('4711')
  })

  it('has one that was replaced twice, and one that is not watched not at all', async () => {
    const before = await program('one', 'a')
    await watched(() => run(before.path, ''))
    const after = await program('one', 'b')
    await watched(() => run(after.path, ''))
    await run((await program('two', 'c')).path, '')
    expect(JSON.parse(await recorded())).toEqual([before, after])
  })

  it('has the command that gives a secret, and not the secret', async () => {
    const gives = await program('give', 'planted-secret')
    await watched(() => readSecret(`exec:${gives.path} a b`, { name: 'pin', prompt: 'PIN' }, { env: {} }))
    expect(JSON.parse(await recorded())).toEqual([gives])
  })

  it('lets no program start of which it could not take note', async () => {
    const { path } = await program('one', 'a')
    const end = await watchPrograms(recordPrograms(join(folder, 'nowhere', PROGRAMS_FILE)), () => run(path, ''))
    expect(end.kind).toBe('not-started')
  })

  it('has nothing of a program that is not there', async () => {
    expect((await watched(() => run('no-such-program', join(folder, 'bin')))).kind).toBe('not-started')
    await expect(recorded()).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
