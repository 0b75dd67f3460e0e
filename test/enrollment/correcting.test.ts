import { execFileSync } from 'node:child_process'
import { cp, link, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { parseNameText } from '../../src/asn1/name.ts'
import { readPem, writePem } from '../../src/asn1/pem.ts'
import type { FlowStep } from '../../src/sandbox/certificate-authority/flow.ts'
import { issueCertificate } from '../../src/sandbox/certificate-issuer.ts'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { testKeyPair } from '../../src/sandbox/test-key-pair.ts'
import { type RunningYubiHsm2Double, startYubiHsm2Double } from '../../src/sandbox/yubihsm2/double.ts'
import type { ProgramEnd } from './built-program.ts'
import { runInside } from './run-inside.ts'

/** What was wrong is put right with the same key: a request, a certificate, an operator's word. */
let folder: string
let double: RunningYubiHsm2Double
let rehearsal: Rehearsal
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'correcting-'))
  double = await startYubiHsm2Double()
})
afterEach(async () => {
  await rehearsal.close()
  await rm(folder, { recursive: true })
})

async function rehearse(flow?: readonly FlowStep[]): Promise<void> {
  const authority = { account: { credit: '1000000.00' }, flow }
  rehearsal = await startRehearsal({ directory: folder, device: double, algorithm: 'P-256', authority })
}
const NEVER: readonly FlowStep[] = [{ after: 100 * 86_400_000, action: 'issue' }]

interface Shown {
  readonly id: string
  readonly state: string
  readonly folder: string
  readonly orderNumber: string
  readonly certificateRemark?: string
}
const shown = (end: ProgramEnd): Shown => JSON.parse(end.stdout) as Shown
const enroll = (...more: string[]): Promise<ProgramEnd> =>
  runInside(['enroll', rehearsal.profile, '--yes', '--json', ...more])
const program = (...args: string[]): Promise<ProgramEnd> =>
  runInside([...args, '--json', '--state-directory', rehearsal.stateDirectory])
const keys = (): number => double.device.store.list().filter(({ type }) => type === 3).length

/** Another profile in the same folder. */
async function corrected(change: (text: string) => string): Promise<string> {
  const file = join(folder, 'corrected.yaml')
  await writeFile(file, change(await readFile(rehearsal.profile, 'utf8')))
  return file
}
const subjectOf = (file: string): string =>
  execFileSync('openssl', ['req', '-in', file, '-noout', '-subject', '-verify'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })

describe('a request', () => {
  it('that the CA refused is made again with the same key, when the profile is corrected', async () => {
    await rehearse()
    const message = "The CSR's Common Name may NOT contain a wildcard!"
    rehearsal.ca.fail({ endpoint: '!AutoApplyOrder', kind: 'error', code: -5, message })
    const run = shown(await enroll('--wait'))
    expect(run.state).toBe('rejected')
    const before = await readFile(join(run.folder, 'request.csr.pem'), 'utf8')
    const profile = await corrected((text) =>
      text.replace(/subject: .*/, 'subject: CN=Right,O=Example Signing GmbH,C=NL'),
    )
    const end = await program('runs', 'resume', run.id, '--order-again', '--yes', '--wait', '--profile', profile)
    expect(end.code, end.stderr).toBe(0)
    expect(end.stderr).toContain('the settings of the request were changed since')
    expect(subjectOf(join(run.folder, 'request.csr.pem'))).toContain('CN = Right')
    const kept = (await readdir(run.folder)).filter((name) => /^request-[0-9a-f]{8}\.csr\.pem$/.test(name))
    expect(await Promise.all(kept.map((name) => readFile(join(run.folder, name), 'utf8')))).toEqual([before])
    expect([keys(), rehearsal.ca.orders.length]).toEqual([1, 1])
  })

  it('that was signed before the profile was corrected is not ordered with', async () => {
    await rehearse()
    const run = shown(await runInside(['attest', rehearsal.profile, '--json']))
    const profile = await corrected((text) =>
      text.replace(/subject: .*/, 'subject: CN=Right,O=Example Signing GmbH,C=NL'),
    )
    const end = await program('runs', 'resume', run.id, '--yes', '--wait', '--profile', profile)
    expect(end.code, end.stderr).toBe(0)
    expect(subjectOf(join(run.folder, 'request.csr.pem'))).toContain('CN = Right')
    expect(keys()).toBe(1)
  })

  it('stays as it is where only something else was corrected', async () => {
    await rehearse()
    const run = shown(await runInside(['attest', rehearsal.profile, '--json']))
    const before = await readFile(join(run.folder, 'request.csr.pem'), 'utf8')
    const profile = await corrected((text) => text.replace('Oudegracht 1', 'Oudegracht 2'))
    expect((await program('runs', 'resume', run.id, '--yes', '--wait', '--profile', profile)).code).toBe(0)
    expect(await readFile(join(run.folder, 'request.csr.pem'), 'utf8')).toBe(before)
  })
})

describe('an imported certificate', () => {
  /** With the run's key, whatever it says. */
  async function withKeyOf(
    run: Shown,
    over: { subject?: string; issuer?: string; from?: number; until?: number },
  ): Promise<string> {
    const [block] = readPem(await readFile(join(run.folder, 'public-key.pem'), 'utf8'))
    const day = 86_400_000
    const der = issueCertificate({
      subject: parseNameText(over.subject ?? 'CN=Zoë Example,O=Example Signing GmbH,C=NL'),
      issuer: parseNameText(over.issuer ?? 'CN=Some CA,O=Some CA,C=NL'),
      spki: block?.der ?? new Uint8Array(),
      issuerKey: testKeyPair('P-256').privateKey,
      notBefore: new Date(Date.now() + (over.from ?? 0) * day),
      notAfter: new Date(Date.now() + (over.until ?? 365) * day),
      extensions: [],
    })
    const file = join(folder, 'mailed.pem')
    await writeFile(file, writePem('CERTIFICATE', der))
    return file
  }
  const importing = (run: Shown, file: string, ...more: string[]): Promise<ProgramEnd> =>
    program('certificate', 'import', run.id, file, ...more)

  it.each([
    ['signed by its own key', { issuer: 'CN=Zoë Example,O=Example Signing GmbH,C=NL' }, 'certificate.unfit'],
    ['older than the key', { from: -400 }, 'certificate.unfit'],
    ['ended', { from: -2, until: -1 }, 'certificate.unfit'],
    ['of somebody else', { subject: 'CN=Mallory,O=Other Ltd,C=NL' }, 'certificate.other-subject'],
  ] as const)('that is %s is refused, though it has the key', async (_what, over, code) => {
    await rehearse(NEVER)
    const run = shown(await enroll())
    const end = await importing(run, await withKeyOf(run, over))
    expect(end.code).toBe(1)
    expect(end.stderr).toContain(code)
    expect(shown(await program('runs', 'show', run.id)).state).toBe('ordered')
  })

  it('is taken where the clock was ahead when the run began, and was put right since', async () => {
    await rehearse(NEVER)
    const { now } = Date
    const ahead = vi.spyOn(Date, 'now').mockImplementation(() => now() + 10 * 86_400_000)
    const run = shown(await enroll())
    ahead.mockRestore()
    const end = await importing(run, await withKeyOf(run, {}))
    expect(end.code, end.stderr).toBe(0)
  })

  it('that is the attestation of the key is refused', async () => {
    await rehearse(NEVER)
    const run = shown(await enroll())
    const end = await importing(run, join(run.folder, 'attestation.pem'))
    expect(end.code).toBe(1)
    expect(end.stderr).toMatch(/attestation of the (device|key)/)
  })

  it('of another name is taken on a word for it, and remarked; it is replaced on a word, and kept', async () => {
    await rehearse(NEVER)
    const run = shown(await enroll())
    const first = await importing(run, await withKeyOf(run, { subject: 'CN=Other,O=Other Ltd,C=NL' }), '--any-subject')
    expect(first.code, first.stderr).toBe(0)
    expect(shown(first).certificateRemark).toContain('Other Ltd')
    const before = await readFile(join(run.folder, 'certificate.pem'), 'utf8')
    expect((await program('certificate', 'install', run.id)).code).toBe(0)
    const right = await withKeyOf(run, {})
    const refused = await importing(run, right)
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain('--replace')
    const second = await importing(run, right, '--replace')
    expect(second.code, second.stderr).toBe(0)
    expect(shown(second)).toMatchObject({ state: 'issued' })
    expect(shown(second).certificateRemark).toBeUndefined()
    const kept = (await readdir(run.folder)).filter((name) => /^certificate-[0-9a-f]{8}\.pem$/.test(name))
    expect(await Promise.all(kept.map((name) => readFile(join(run.folder, name), 'utf8')))).toEqual([before])
    const installed = await program('certificate', 'install', run.id)
    expect(installed.code, installed.stderr).toBe(0)
  })
})

describe('an operator’s word on an order', () => {
  it('is corrected while no certificate is installed: a wrong number, and then the right one', async () => {
    await rehearse(NEVER)
    const other = shown(await enroll())
    rehearsal.ca.fail({ endpoint: '!AutoApplyOrder', kind: 'lost-reply' })
    const run = shown(await enroll('--new'))
    const right = rehearsal.ca.orders.at(-1)?.orderNumber ?? ''
    expect((await program('runs', 'resolve', run.id, '--order-number', other.orderNumber)).code).toBe(0)
    const again = await program('runs', 'resolve', run.id, '--order-number', right)
    expect(again.code, again.stderr).toBe(0)
    expect(shown(again)).toMatchObject({ state: 'ordered', orderNumber: right })
  })

  it('tells a run that was restored from a copy of its order, which is not placed again', async () => {
    await rehearse(NEVER)
    const run = shown(await runInside(['attest', rehearsal.profile, '--json']))
    const copy = join(folder, 'copy')
    await cp(rehearsal.stateDirectory, copy, { recursive: true })
    const { orderNumber } = shown(await program('runs', 'resume', run.id, '--yes'))
    const inCopy = (...args: string[]): Promise<ProgramEnd> => runInside([...args, '--json', '--state-directory', copy])
    const wrong = await inCopy('runs', 'resolve', run.id, '--order-number', '1')
    expect(wrong.stderr).toContain('run.no-such-order')
    expect(shown(await inCopy('runs', 'show', run.id)).state, 'a slip changes nothing').toBe('attested')
    const told = await inCopy('runs', 'resolve', run.id, '--order-number', orderNumber)
    expect(told.code, told.stderr).toBe(0)
    expect(shown(told)).toMatchObject({ state: 'ordered', orderNumber })
    expect((await inCopy('runs', 'resume', run.id, '--yes')).code).toBe(6)
    expect(rehearsal.ca.orders).toHaveLength(1)
    expect((await inCopy('ledger', 'check')).code).toBe(0)
  })

  it('that there is no order is taken back, and the key ordered for is nobody else’s', async () => {
    await rehearse()
    rehearsal.ca.fail({ endpoint: '!AutoApplyOrder', kind: 'lost-reply' })
    const run = shown(await enroll())
    expect((await program('runs', 'resolve', run.id, '--not-placed', '--despite-balance')).code).toBe(0)
    const number = rehearsal.ca.orders[0]?.orderNumber ?? ''
    const again = await program('runs', 'resolve', run.id, '--order-number', number)
    expect(again.code, again.stderr).toBe(0)
    const end = await program('runs', 'resume', run.id, '--yes', '--wait')
    expect(end.code, end.stderr).toBe(0)
    expect(shown(end).state).toBe('installed')
    expect(rehearsal.ca.orders).toHaveLength(1)
    const late = await program('runs', 'resolve', run.id, '--not-placed')
    expect(late.code, 'it is installed').toBe(2)
    expect((await program('ledger', 'check')).code).toBe(0)
  })

  it('is not asked for where the CA has said it', async () => {
    await rehearse(NEVER)
    const run = shown(await enroll())
    expect((await program('runs', 'resolve', run.id, '--order-number', '1')).code).toBe(2)
  })
})

describe('a paid profile', () => {
  it('is not enrolled a second time after its run was resumed with another, nor by a hard link to it', async () => {
    await rehearse(NEVER)
    const run = shown(await runInside(['attest', rehearsal.profile, '--json']))
    const other = await corrected((text) => text.replace('Oudegracht 1', 'Oudegracht 2'))
    expect((await program('runs', 'resume', run.id, '--yes', '--profile', other)).code).toBe(6)
    const hard = join(folder, 'hard.yaml')
    await link(rehearsal.profile, hard)
    for (const profile of [rehearsal.profile, other, hard]) {
      const end = await runInside(['enroll', profile, '--yes'])
      expect(end.code, profile).toBe(2)
      expect(end.stderr, profile).toContain(run.id)
      expect(end.stderr, 'no second order is suggested').not.toContain('--new')
    }
    expect([keys(), rehearsal.ca.orders.length]).toEqual([1, 1])
  })
})
