import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { changeBytes } from '../tools/changed-bytes.ts'
import { type RehearsedRun, rehearseRun } from './rehearsed-run.ts'
import { strangersInstalled } from './strangers-installed.ts'
import { witnessedBundle } from './witnessed-bundle.ts'

const here = strangersInstalled()
let run: RehearsedRun
beforeAll(async () => {
  if (here) run = await rehearseRun()
})
afterAll(async () => {
  if (here) await run.close()
})

describe.runIf(here)('a bundle of which one byte was changed', () => {
  it('is found by both verifiers, with the name of what is broken (`node dist/tools/bundle-bytes.js` changes 10,000)', async () => {
    const { faults, damaged, rewritten } = await changeBytes(await witnessedBundle(run), 80, 1)
    expect(faults).toEqual([])
    expect([damaged, rewritten]).toEqual([40, 40])
  })
})
