import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { BundleVerdict } from '../../src/bundle/bundle-verdict.ts'
import { startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { sha256Hex } from '../../src/sha256-hex.ts'
import { runProgram } from '../enrollment/built-program.ts'
import { installed } from '../piv-card/installed.ts'

const PYTHON = resolve(import.meta.dirname, '../../contrib/verify-bundle.py')

const ANSWERS = `people:
  leader: [Lena Leader]
  operator: [Olaf Operator]
  witness: [Anna Auditor, Bert Bystander]
steps:
  device: { note: The seal had the number 4711., attach: [photo.jpg] }
`
const FAMILIES = [
  'yubihsm2',
  'luna',
  'nshield',
  'fortanix',
  'marvell-google',
  ...(installed('ykcs11') ? ['yubikey'] : []),
]

/** Programs that the run starts for the evidence. A Luna's module gives it without cmu. */
const VENDOR_TOOLS: Readonly<Record<string, string>> = { nshield: 'nfkmattest' }

describe('an unattended ceremony by the template', () => {
  it.each(FAMILIES)('on %s ends with a certificate and a bundle that both verifiers accept', async (device) => {
    const folder = await mkdtemp(join(tmpdir(), 'ceremony-'))
    const rehearsal = await startRehearsal({ directory: join(folder, 'r'), device, algorithm: 'P-256' })
    try {
      const { stdout: script } = await runProgram(['ceremony', 'template', device])
      await writeFile(join(folder, 'script.yaml'), script)
      await writeFile(join(folder, 'answers.yaml'), ANSWERS)
      await writeFile(join(folder, 'photo.jpg'), 'a photograph')
      const bundle = join(folder, 'b.zip')
      const files = [
        join(folder, 'script.yaml'),
        '--profile',
        rehearsal.profile,
        '--answers',
        join(folder, 'answers.yaml'),
      ]
      const end = await runProgram(['ceremony', 'run', ...files, '--yes', '--wait', '-o', bundle, '--json'], {
        env: { ...rehearsal.environment, HSM_ENROLL_TEST_DEVICE_LOCKS: folder },
      })
      expect(end.code, end.stderr + end.stdout).toBe(0)
      const verdict = JSON.parse(end.stdout) as BundleVerdict
      expect(verdict.ceremony).toMatchObject({ unattended: true, ended: true, steps: 13, digressions: 1 })
      expect(verdict.doesNotProve.join()).toContain('it was unattended')
      expect(verdict.checks.find(({ id }) => id === 'evidence')?.status).toBe('pass')
      const log = verdict.checks.find(({ id }) => id === 'device-log')
      expect(log?.detail).toEqual(device === 'yubihsm2' ? expect.stringMatching(/signed its last digest/) : undefined)
      expect(execFileSync('python3', [PYTHON, bundle], { encoding: 'utf8' })).toContain('nothing is wrong with it')
      const unpacked = join(folder, 'u')
      execFileSync('python3', ['-m', 'zipfile', '-e', bundle, unpacked])
      const openings = JSON.parse(await readFile(join(unpacked, 'ceremony/device.json'), 'utf8'))
      expect(openings.length).toBeGreaterThan(0)
      for (const { opened, closed } of openings) {
        expect(opened.description.hsmType).toBeDefined()
        expect([opened.faults, closed.faults]).toEqual([[], []])
      }
      const ceremonyLog = await readFile(join(unpacked, 'ceremony/log.jsonl'), 'utf8')
      expect(ceremonyLog).toContain('"name":"photo.jpg","sha256":')
      const tool = VENDOR_TOOLS[device]
      if (tool !== undefined) {
        const programs = JSON.parse(await readFile(join(unpacked, 'ceremony/programs.json'), 'utf8'))
        const run = programs.find(({ path }: { path: string }) => basename(path).startsWith(tool))
        expect(run?.sha256, JSON.stringify(programs)).toBe(sha256Hex(await readFile(run.path)))
        expect(ceremonyLog).toContain('"file":"programs.json","sha256":')
        expect(await readFile(join(unpacked, 'report.html'), 'utf8')).toContain(`${run.path}; SHA-256 ${run.sha256}`)
      }
    } finally {
      await rehearsal.close()
      await rm(folder, { recursive: true })
    }
  })
})
