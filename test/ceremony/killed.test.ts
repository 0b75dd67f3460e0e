import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { OBJECT_TYPES } from '../../devices/yubihsm2/object-type.ts'
import type { BundleVerdict } from '../../src/bundle/bundle-verdict.ts'
import { CeremonyLog } from '../../src/ceremony/ceremony-log.ts'
import { scriptTemplate } from '../../src/ceremony/script/script-template.ts'
import { listRuns } from '../../src/enrollment/list-runs.ts'
import { startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { startYubiHsm2Double } from '../../src/sandbox/yubihsm2/double.ts'
import { runProgram } from '../enrollment/built-program.ts'

const KILL = resolve(import.meta.dirname, 'kill-in-log.mjs')
const ANSWERS = 'people:\n  leader: [Lena]\n  operator: [Olaf]\n  witness: [Anna]\n'

describe('a ceremony whose process is killed', () => {
  it('in the middle of every line of its log is resumed: one run, one key, one order, every step ticked once', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'killed-'))
    const double = await startYubiHsm2Double()
    const rehearsal = await startRehearsal({ directory: join(folder, 'r'), device: double, algorithm: 'P-256' })
    try {
      await writeFile(join(folder, 'script.yaml'), scriptTemplate('YUBIHSM2'))
      await writeFile(join(folder, 'answers.yaml'), ANSWERS)
      await writeFile(join(folder, 'deaths'), '')
      const given = ['--profile', rehearsal.profile, '--answers', join(folder, 'answers.yaml'), '--yes', '--wait']
      const options = {
        env: { ...rehearsal.environment, HSM_ENROLL_TEST_DIED_AT: join(folder, 'deaths') },
        imports: [KILL],
      }
      const bundle = join(folder, 'b.zip')
      let words = ['run', join(folder, 'script.yaml')]
      let end = await runProgram(['ceremony', ...words, ...given, '-o', bundle, '--json'], options)
      const [id = ''] = await readdir(join(rehearsal.stateDirectory, 'ceremonies'))
      let deaths = 0
      for (; end.signal === 'SIGKILL'; deaths++) {
        words = ['resume', id]
        end = await runProgram(['ceremony', ...words, ...given, '-o', bundle, '--json'], options)
      }
      expect(end.code, `after ${deaths} deaths: ${end.stderr}`).toBe(0)
      expect(await readdir(join(rehearsal.stateDirectory, 'ceremonies'))).toEqual([id])

      const died = (await readFile(join(folder, 'deaths'), 'utf8')).trim().split('\n')
      expect(died).toHaveLength(deaths)
      const log = CeremonyLog.open(join(rehearsal.stateDirectory, 'ceremonies', id, 'log.jsonl'), Date.now)
      const steps = log.all('step').map(({ step }) => step)
      expect(steps).toHaveLength(13)
      expect(died.filter((entry) => entry.startsWith('step '))).toEqual(steps.map((step) => `step ${step}`))
      expect(died).toEqual(
        expect.arrayContaining(['begun', 'person witness', 'run', 'named run', 'recorded device.json', 'ended']),
      )
      expect(log.all('person')).toHaveLength(3)
      for (const once of ['begun', 'ended'] as const) expect(log.all(once), once).toHaveLength(1)

      // The first name was of a run that never began.
      expect(log.all('run')).toHaveLength(2)
      const runs = await listRuns(rehearsal.stateDirectory)
      expect(runs.map((run) => [run.id, run.record?.state])).toEqual([[log.last('run')?.run, 'installed']])
      expect(rehearsal.ca.orders).toHaveLength(1)
      const keys = double.device.store.list().filter(({ type }) => type === OBJECT_TYPES['asymmetric-key'])
      expect(keys).toHaveLength(1)
      const verdict = JSON.parse(end.stdout) as BundleVerdict
      expect(verdict.ceremony).toMatchObject({ ended: true, steps: 13 })
    } finally {
      await rehearsal.close()
      await rm(folder, { recursive: true })
    }
  }, 300_000)
})
