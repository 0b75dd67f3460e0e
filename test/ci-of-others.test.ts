/** What contrib offers to the CI of other repositories, run as the runner and pre-commit would run it. */
import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { testKeyPair } from '../src/sandbox/test-key-pair.ts'
import { makeCsr } from './sectigo/rehearsal-kit.ts'
import { SYNTHETIC_EVIDENCE } from './tools/corpus.ts'

const ACTION = resolve('contrib/github-action')
const folder = mkdtempSync(join(tmpdir(), 'ci-'))
afterAll(() => rmSync(folder, { recursive: true }))

const [good] = SYNTHETIC_EVIDENCE.YUBIHSM2()
if (good === undefined) throw new Error('there is no evidence')
const write = (path: string, content: string | Uint8Array): void => {
  mkdirSync(join(folder, path, '..'), { recursive: true })
  writeFileSync(join(folder, path), content)
}
write('anchors.json', JSON.stringify({ trustAnchors: good.trustAnchors }))
write('keys/one/attestation.pem', good.package)
write('keys/with blanks/attestation.pem', good.package)
write('keys/-rf/attestation.pem', good.package)
write('other/attestation.pem', good.package)
write('other/request.csr', makeCsr('CN=Ada Example', testKeyPair('P-256')))
write('broken/attestation.pem', 'nothing of the kind')

interface Ran {
  readonly status: number | null
  readonly output: string
}
const ENVIRONMENT = { PATH: process.env.PATH, HSM_ENROLL: `${process.execPath} ${resolve('dist/cli/main.js')}` }
function bash(args: readonly string[], env: Readonly<Record<string, string>> = {}): Ran {
  const { status, stdout, stderr } = spawnSync('bash', args, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...ENVIRONMENT, ...env },
  })
  return { status, output: stdout + stderr }
}
const OPTIONS = ['--fips=off', '--trust-anchors=anchors.json']
const script = (...args: readonly string[]): Ran => bash([join(ACTION, 'check-evidence.sh'), ...args])

describe('check-evidence.sh', () => {
  it('ends with 0 when everything is acceptable, whatever the paths are called', () => {
    const { status, output } = script(...OPTIONS, '--', 'keys/one', 'keys/with blanks/attestation.pem', 'keys/-rf')
    expect([output, status]).toEqual([expect.stringMatching(/(== .*\n.*YUBIHSM2: acceptable[\s\S]*){3}/), 0])
  })

  it('ends with the worst exit code of all, and checks all', () => {
    expect(script(...OPTIONS, '--', 'other', 'keys/one').status).toBe(1)
    const { status, output } = script(...OPTIONS, '--', 'broken/attestation.pem', 'other', 'keys/one')
    expect([output, status]).toEqual([expect.stringContaining('YUBIHSM2: acceptable'), 2])
    expect(script(...OPTIONS, '--', 'keys/none').status).toBe(2)
    expect(script(...OPTIONS).status).toBe(2)
  })

  it('checks the folder of a file once with --folders: the request beside the attestation counts', () => {
    const files = ['other/request.csr', 'other/attestation.pem']
    const { status, output } = script('--folders', ...OPTIONS, '--', ...files)
    expect([output.match(/^== /gm)?.length, status]).toEqual([1, 1])
    expect(script(...OPTIONS, '--', 'other/attestation.pem').status).toBe(0)
  })

  it('says what is missing where the program is', () => {
    const { status, output } = bash([join(ACTION, 'check-evidence.sh'), '--', 'keys/one'], {
      HSM_ENROLL: 'no-such-program',
    })
    expect([output, status]).toEqual([expect.stringContaining('install hsm-enroll'), 2])
  })
})

interface Step {
  readonly name: string
  readonly env: Readonly<Record<string, string>>
  readonly run: string
}
const action: { readonly runs: { readonly using: string; readonly steps: readonly Step[] } } = parse(
  readFileSync(join(ACTION, 'action.yml'), 'utf8'),
)

describe('the GitHub Action', () => {
  const check = action.runs.steps.find(({ name }) => name === 'Check')
  const run = (paths: string, env: Readonly<Record<string, string>> = {}): Ran =>
    bash(['-c', check?.run ?? 'exit 99'], { PATHS: paths, OPTIONS: OPTIONS.join('\n'), ACTION, ...env })

  it('is composite, and puts no input into a script: all come as variables', () => {
    expect(action.runs.using).toBe('composite')
    for (const { run: text } of action.runs.steps) expect(text).not.toContain('${{')
    expect(Object.keys(check?.env ?? {}).sort()).toEqual(['ACTION', 'OPTIONS', 'PATHS'])
  })

  it('takes paths and patterns, one a line', () => {
    expect(run('keys/*\n\nkeys/**/attestation.pem\n').output.match(/^== /gm)).toHaveLength(6)
    expect(run('keys/*').status).toBe(0)
    expect(run('keys/with blanks').status).toBe(0)
    expect(run('keys/*\nother').status).toBe(1)
    expect(run('nothing/fits/*').status).toBe(2)
  })

  it('annotates what fails, writes a summary, and lets no evidence speak to the runner', () => {
    const summary = join(folder, 'summary.md')
    const { output } = run('keys/one\nother', { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: summary })
    expect(output).toContain('::error file=other::Key attestation refused: other')
    const [, token] = /^::stop-commands::([0-9a-f]{32})$/m.exec(output) ?? []
    expect(output.split('\n')).toContain(`::${token}::`)
    expect(output.indexOf('YUBIHSM2: acceptable')).toBeGreaterThan(output.indexOf('::stop-commands::'))
    expect(readFileSync(summary, 'utf8')).toBe(
      '| key attestation | verdict |\n|---|---|\n| `keys/one` | acceptable |\n| `other` | refused |\n',
    )
  })
})

describe('the pre-commit hook', () => {
  const hooks: readonly { readonly entry: string; readonly args: readonly string[]; readonly files: string }[] = parse(
    readFileSync('.pre-commit-hooks.yaml', 'utf8'),
  )
  const [hook] = hooks

  it('runs a script of this repository, with the changed files behind its arguments', () => {
    const [path = '', ...more] = hook?.entry.split(' ') ?? []
    const { status } = bash([resolve(path), ...more, ...OPTIONS, ...(hook?.args ?? []), 'other/request.csr'])
    expect(status).toBe(1)
    const fine = bash([resolve(path), ...more, ...OPTIONS, ...(hook?.args ?? []), 'keys/one/attestation.pem'])
    expect([fine.output, fine.status]).toEqual([expect.stringContaining('YUBIHSM2: acceptable'), 0])
  })

  it('looks at attestations and requests by their names', () => {
    const files = new RegExp(hook?.files ?? '$^')
    for (const name of ['keys/a/attestation.pem', 'request.csr', 'b/attestation.dat']) expect(name).toMatch(files)
    expect('src/attestation.ts').not.toMatch(files)
  })
})
