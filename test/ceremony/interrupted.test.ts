import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { verifyBundle } from '../../src/bundle/verify-bundle.ts'
import { CEREMONY_FILES } from '../../src/ceremony/ceremony-folder.ts'
import { CeremonyLog } from '../../src/ceremony/ceremony-log.ts'
import { createBundle } from '../../src/ceremony/create-bundle.ts'
import { runCeremony } from '../../src/ceremony/run-ceremony.ts'
import { readUserTrustAnchors } from '../../src/check/read/trust-anchors-input.ts'
import { listRunIds, RunFolder } from '../../src/enrollment/run-folder.ts'
import { HSM_TYPES } from '../../src/hsm-type.ts'
import { type CeremonyKit, desk, paused, startCeremonyKit } from './ceremony-kit.ts'

let kit: CeremonyKit
beforeEach(async () => {
  kit = await startCeremonyKit()
})
afterEach(() => kit.close())

const logOf = (folder: string): CeremonyLog => CeremonyLog.open(join(folder, CEREMONY_FILES.log), Date.now)

describe('a ceremony', () => {
  it('that is interrupted at every step is resumed, and does nothing twice', async () => {
    const folder = await kit.begin()
    const met = new Set<string>()
    for (let round = 0; ; round++) {
      const code = await runCeremony(
        folder,
        desk((step) => {
          if (met.has(step)) return
          met.add(step)
          throw paused()
        }),
        kit.options,
      ).catch((error: { code: string }) => error.code)
      if (code === 0) break
      expect(code).toBe('ceremony.paused')
      // A process that dies leaves half a line.
      appendFileSync(join(folder, CEREMONY_FILES.log), '{"seq":99')
      expect(round).toBeLessThan(20)
    }
    const log = logOf(folder)
    expect(met.size).toBe(13)
    expect(log.all('step').map(({ step }) => step)).toEqual([...met])
    expect(log.all('stopped')).toHaveLength(13)
    expect(log.all('resumed')).toHaveLength(13)
    expect(log.all('person')).toHaveLength(3)
    expect(kit.rehearsal.ca.orders).toHaveLength(1)
    const [run = '', ...others] = await listRunIds(kit.rehearsal.stateDirectory)
    expect(others).toEqual([])
    const { bundle } = await createBundle(RunFolder.at(kit.rehearsal.stateDirectory, run), 'test', Date.now(), folder)
    const verdict = verifyBundle(bundle, {
      timestampAnchors: [],
      trustAnchors: readUserTrustAnchors(readFileSync(join(kit.folder, 'r/trust-anchors.json')), HSM_TYPES),
    })
    expect(verdict.checks.filter(({ status }) => status !== 'pass').map(({ id }) => id)).toEqual(['witnesses'])
    expect(verdict.proves.join()).toContain('Anna Auditor (witness)')
    expect(verdict.proves.join()).toContain('log and attestation are of one device')
  })

  it('whose script was changed meanwhile is refused', async () => {
    const folder = await kit.begin()
    const stop = desk(() => {
      throw paused()
    })
    await expect(runCeremony(folder, stop, kit.options)).rejects.toMatchObject({ code: 'ceremony.paused' })
    appendFileSync(join(folder, CEREMONY_FILES.script), '# nothing\n')
    await expect(runCeremony(folder, desk(), kit.options)).rejects.toMatchObject({ code: 'ceremony.damaged' })
  })

  it('whose log was changed is refused', async () => {
    const folder = await kit.begin()
    const stop = desk((step) => {
      if (step === 'device') throw paused()
    })
    await expect(runCeremony(folder, stop, kit.options)).rejects.toMatchObject({ code: 'ceremony.paused' })
    const file = join(folder, CEREMONY_FILES.log)
    writeFileSync(file, readFileSync(file, 'utf8').replace('Olaf', 'Omar'))
    await expect(runCeremony(folder, desk(), kit.options)).rejects.toMatchObject({
      code: 'ceremony.damaged',
      message: expect.stringContaining('was changed after it was written'),
    })
  })

  it('in which one person takes two roles does not begin', async () => {
    const folder = await kit.begin()
    const alone = { ...desk(), people: async () => [{ name: 'Olaf Operator' }] }
    await expect(runCeremony(folder, alone, kit.options)).rejects.toMatchObject({ code: 'ceremony.people' })
    expect(kit.rehearsal.ca.orders).toHaveLength(0)
  })
})
