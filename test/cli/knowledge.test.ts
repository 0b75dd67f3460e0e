import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { builtInKnowledge } from '../../src/knowledge/built-in-knowledge.ts'
import { writeKnowledge } from '../../src/knowledge/read-knowledge.ts'
import { runProgram } from '../enrollment/built-program.ts'
import { allHere } from '../not-run.ts'
import { MaintainerKey } from '../signed-knowledge.ts'

const run = (...args: readonly string[]) => spawnSync('minisign', args, { encoding: 'utf8', input: '' })
const isHere = run('-v').error === undefined

describe.runIf(allHere(isHere ? [] : ['minisign']))('knowledge update, with minisign as a maintainer uses it', () => {
  let folder: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'minisign-'))
  })
  afterEach(() => rmSync(folder, { recursive: true }))
  const at = (name: string): string => join(folder, name)

  it('takes in what minisign signed, once, and says so in both lists', async () => {
    expect(run('-G', '-W', '-p', at('m.pub'), '-s', at('m.key')).status).toBe(0)
    const publicKey = readFileSync(at('m.pub'), 'utf8').split('\n')[1] ?? ''
    writeFileSync(at('tables.json'), writeKnowledge({ ...builtInKnowledge(), serial: 7 }))
    expect(run('-S', '-s', at('m.key'), '-m', at('tables.json')).status).toBe(0)
    const env = { HSM_ENROLL_KNOWLEDGE_KEYS: publicKey, HSM_ENROLL_STATE_DIRECTORY: at('state') }
    const update = (): ReturnType<typeof runProgram> => runProgram(['knowledge', 'update', at('tables.json')], { env })
    const first = await update()
    expect(first.code, first.stderr).toBe(0)
    expect(await update()).toMatchObject({ code: 1, stderr: expect.stringContaining('serial 7, and 7 is in force') })
    for (const list of ['knowledge', 'trust'])
      expect((await runProgram([list, 'list'], { env })).stdout).toMatch(
        /knowledge: update, serial 7, issued 2026-11-29, \d+ days? old/,
      )
  })

  it('minisign holds the signatures of our tests for its own', () => {
    const key = new MaintainerKey()
    writeFileSync(at('file'), 'tables')
    for (const algorithm of ['ED', 'Ed'] as const) {
      writeFileSync(at('file.minisig'), key.sign(Buffer.from('tables'), algorithm))
      const end = run('-V', '-P', key.publicKey, '-m', at('file'))
      expect(end.status, end.stderr).toBe(0)
    }
  })
})
