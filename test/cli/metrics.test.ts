import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { prometheusText } from '../../src/enrollment/metrics/prometheus-text.ts'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { runInside } from '../enrollment/run-inside.ts'
import { allHere } from '../not-run.ts'

const RULES = resolve(import.meta.dirname, '../../contrib/prometheus/hsm-enroll.rules.yml')
const missing = ['promtool'].filter((program) => spawnSync(program, ['--version']).error !== undefined)

let folder: string
let rehearsal: Rehearsal
let text: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'metrics-'))
  rehearsal = await startRehearsal({ directory: folder, device: 'yubihsm2', algorithm: 'P-256' })
  const enroll = (...more: string[]) => runInside(['enroll', rehearsal.profile, '--yes', '--wait', ...more])
  expect((await enroll()).code).toBe(0)
  rehearsal.ca.fail({ endpoint: '!AutoApplyOrder', kind: 'lost-reply' })
  expect((await enroll('--new')).code).toBe(5)
  text = (await runInside(['metrics', rehearsal.profile])).stdout
})
afterAll(async () => {
  await rehearsal.close()
  await rm(folder, { recursive: true })
})

const value = (name: string): number => Number(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'm').exec(text)?.[1])

describe('the metrics', () => {
  it('say when the certificate ends, what nobody knows, and what the account has', async () => {
    const list = await runInside(['certificate', 'list', '--json', '--state-directory', rehearsal.stateDirectory])
    const [certificate] = (JSON.parse(list.stdout) as { keys: { notAfter: string; location: string }[] }).keys
    expect(value('hsm_enroll_certificate_not_after_seconds')).toBe(Date.parse(certificate?.notAfter ?? '') / 1000)
    expect(text).toContain(`location="${certificate?.location}"`)
    expect(value('hsm_enroll_order_outcome_unknown')).toBe(1)
    expect(text).toMatch(/^hsm_enroll_run_state\{state="installed"\} 1$/m)
    expect(text).toMatch(/^hsm_enroll_run_state\{state="unknown"\} 1$/m)
    expect(value('hsm_enroll_account_balance')).toBe(Number(rehearsal.ca.credit))
    expect(value('hsm_enroll_pin_refused')).toBe(0)
    expect(Math.abs(value('hsm_enroll_last_success_seconds') - Date.now() / 1000)).toBeLessThan(3600)
    expect(value('hsm_enroll_knowledge_age_seconds')).toBeGreaterThan(0)
    expect(text.match(/^hsm_enroll_trust_anchor_not_after_seconds/gm)?.length).toBeGreaterThan(5)
  })

  it.each([
    [
      'a broker',
      { broker: { url: 'https://127.0.0.1:1', ca: 'ca.pem', clientCertificate: 'c.pem', clientKey: 'file:k' } },
    ],
    ['an ACME server', { ca: 'acme', acme: { directory: 'https://127.0.0.1:1/', accountKey: 'file:k' } }],
  ])('say all but the balance on a host that orders from %s', async (_, route) => {
    const {
      sectigo: __,
      order: ___,
      ...profile
    } = parse(await readFile(rehearsal.profile, 'utf8')) as Record<string, unknown>
    const file = join(folder, 'without-account.yaml')
    await writeFile(file, stringify({ ...profile, ...route }))
    const end = await runInside(['metrics', file])
    expect([end.code, end.stderr]).toEqual([0, ''])
    expect(end.stdout).toMatch(/^hsm_enroll_run_state\{state="installed"\} 1$/m)
    expect(end.stdout).not.toMatch(/^hsm_enroll_account_balance/m)
  })

  it('name every metric that a rule or the guide asks for', async () => {
    const rules = await readFile(RULES, 'utf8')
    const names = new Set(text.match(/^hsm_enroll_\w+/gm))
    for (const name of rules.match(/hsm_enroll_\w+/g) ?? []) expect([...names]).toContain(name)
  })

  it('appear whole in a file that another user may read, and leave nothing beside it', async () => {
    const file = join(folder, 'out', 'hsm-enroll.prom')
    const refused = await runInside(['metrics', '-o', file, '--state-directory', rehearsal.stateDirectory])
    expect(refused.code, 'the folder is not there').not.toBe(0)
    const target = join(folder, 'hsm-enroll.prom')
    const end = await runInside(['metrics', '-o', target, '--state-directory', rehearsal.stateDirectory])
    expect(end).toMatchObject({ code: 0, stdout: '' })
    expect((await stat(target)).mode & 0o777).toBe(0o644)
    expect(await readFile(target, 'utf8')).toContain('hsm_enroll_certificate_not_after_seconds{')
    expect((await readdir(folder)).filter((name) => name.startsWith('hsm-enroll.prom'))).toEqual(['hsm-enroll.prom'])
  })

  it('keep what a label says from being read as another sample', () => {
    const hostile = 'x"} 1\nhsm_enroll_y{z="\\'
    expect(prometheusText([{ name: 'hsm_enroll_x', help: 'a\nb', samples: [{ labels: { hostile }, value: 2 }] }])).toBe(
      '# HELP hsm_enroll_x a\\nb\n# TYPE hsm_enroll_x gauge\nhsm_enroll_x{hostile="x\\"} 1\\nhsm_enroll_y{z=\\"\\\\"} 2\n',
    )
  })
})

describe.runIf(allHere(missing))('promtool', () => {
  it('finds nothing to say of real output', () => {
    const end = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' })
    expect(`${end.stdout}${end.stderr}`).toBe('')
    expect(end.status).toBe(0)
  })

  it('accepts the alert rules', () => {
    const end = spawnSync('promtool', ['check', 'rules', '--lint-fatal', RULES], { encoding: 'utf8' })
    expect(end.status, end.stdout + end.stderr).toBe(0)
  })
})
