import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { runInside } from '../enrollment/run-inside.ts'
import { startProgram } from '../enrollment/running-program.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'script-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('sandbox --script', () => {
  it('plays what the file says: a lost reply, then an order that is rejected', async () => {
    const script = join(folder, 'scenario.yaml')
    await writeFile(
      script,
      [
        'account: { loginName: someone, loginPassword: scripted-word, credit: 500.00 }',
        'prices: { 1214: 99.00 }',
        'flow: [{ do: reject, reason: documents missing }]',
        "faults: [{ endpoint: '!AutoApplyOrder', kind: lost-reply }]",
      ].join('\n'),
    )
    const sandbox = startProgram(['sandbox', '--script', script, '--directory', join(folder, 's'), '--json'])
    await sandbox.until(/^\{.*\}$/m)
    const { profile } = JSON.parse(sandbox.stdout) as { profile: string }
    expect(await readFile(profile, 'utf8')).not.toContain('scripted-word')
    const state = ['--state-directory', join(folder, 's', 'state')]
    const lost = await runInside(['enroll', profile, '--yes', '--json'])
    expect(lost.code, lost.stderr).toBe(5)
    const { id } = JSON.parse(lost.stdout) as { id: string }
    const balance = await runInside(['balance', '--profile', profile])
    expect(balance.stdout).toContain('401.00')
    // The rehearsal numbers its orders from here on.
    const resolved = await runInside(['runs', 'resolve', id, '--order-number', '123456789', ...state])
    expect(resolved.code, resolved.stderr).toBe(0)
    const resumed = await runInside(['runs', 'resume', id, ...state])
    expect(resumed.code, resumed.stderr).toBe(4)
    expect(resumed.stdout).toContain('documents missing')
    const end = await sandbox.stop()
    expect(end.code).toBe(0)
  })

  it.each([
    ['flow: [{ do: dance }]', /scenario\.flow\[0\]\.do/],
    [undefined, /no such file/],
  ])('refuses %s', async (text, says) => {
    const script = join(folder, 'bad.yaml')
    if (text === undefined) await rm(script, { force: true })
    else await writeFile(script, text)
    const end = await runInside(['sandbox', '--script', script, '--directory', join(folder, 'refused')])
    expect(end.code).toBe(2)
    expect(end.stderr).toMatch(says)
  })
})

describe('plan', () => {
  it('judges the form by the product’s own table', async () => {
    const profile = join(folder, 'ssl.yaml')
    await writeFile(
      profile,
      [
        'device: { uri: "yubihsm2:connector=http://127.0.0.1:1" }',
        'request: { subject: "CN=Example Ltd,O=Example Ltd,C=NL" }',
        'order: { product: "488", serverSoftware: "-1" }',
      ].join('\n'),
    )
    const end = await runInside(['plan', profile, '--json', '--state-directory', folder])
    expect(end.code, end.stderr).toBe(1)
    const { findings } = JSON.parse(end.stdout) as { findings: { area: string; severity: string; message: string }[] }
    const blockers = findings.flatMap(({ severity, message }) => (severity === 'blocker' ? [message] : [])).join('\n')
    // Product 488 is the general manual's, which knows serverSoftware.
    expect(blockers).toMatch(/^days: it is required/m)
    expect(blockers).toMatch(/the product is an SSL certificate/)
    expect(blockers).not.toMatch(/^serverSoftware: /m)
  })

  it('finds in the subject of the request what the form may then leave out', async () => {
    const profile = join(folder, 'street.yaml')
    const order = ['product: "1214"', 'days: "365"', 'organizationName: Example Ltd', 'isCustomerValidated: N']
    for (const [street, blocked] of [
      ['', true],
      ['STREET=Oudegracht 1,', false],
    ] as const) {
      await writeFile(
        profile,
        [
          'device: { uri: "yubihsm2:connector=http://127.0.0.1:1" }',
          `request: { subject: "CN=Example Ltd,O=Example Ltd,${street}C=NL" }`,
          `order: { ${order.join(', ')} }`,
        ].join('\n'),
      )
      const end = await runInside(['plan', profile, '--json', '--state-directory', folder])
      const { findings } = JSON.parse(end.stdout) as { findings: { message: string }[] }
      expect(findings.some(({ message }) => message.startsWith('streetAddress1: it is required'))).toBe(blocked)
    }
  })
})

describe('batch', () => {
  it('ends with what a person must look at, not with what only takes time', async () => {
    const directory = join(folder, 'batch')
    const rehearsal = await startRehearsal({ directory, device: 'yubihsm2', authority: { flow: [] } })
    const jobs = join(directory, 'jobs')
    await writeFile(jobs, 'nosuch.yaml\nprofile.yaml # waits for the CA\n')
    const end = await runInside(['batch', jobs, '--keep-going', '--yes', '--json'])
    await rehearsal.close()
    const lines = end.stdout.trim().split('\n')
    expect(lines.map((line) => (JSON.parse(line) as { exitCode: number }).exitCode)).toEqual([2, 6])
    expect(end.code, end.stderr).toBe(2)
  })
})
