import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { stringify } from 'yaml'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import type { ProgramEnd } from '../enrollment/built-program.ts'
import { runInside } from '../enrollment/run-inside.ts'
import { startProgram } from '../enrollment/running-program.ts'
import { serverCertificateForm, tokenOrderForm } from '../sectigo/rehearsal-kit.ts'

/** Calls that move money and are no orders: they leave a note before they are sent, and another after. */
let folder: string
let rehearsal: Rehearsal
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'charges-'))
  rehearsal = await startRehearsal({
    directory: join(folder, 'r'),
    device: 'yubihsm2',
    authority: { account: { credit: '100000.00' }, flow: [] },
  })
})
afterAll(async () => {
  await rehearsal.close()
  await rm(folder, { recursive: true })
})

const ENDPOINTS = { authorize: '!AutoAuthorize', refund: '!AutoRefund' } as const
type Kind = keyof typeof ENDPOINTS
const sent = (kind: Kind): number => rehearsal.ca.counters.requests[ENDPOINTS[kind]] ?? 0
const command = (kind: Kind, order: string): readonly string[] => [
  ...['order', kind, order, '--yes', '--no-input', '--profile', rehearsal.profile],
  ...(kind === 'refund' ? ['--reason-code', '1'] : []),
]
const change = (kind: Kind, order: string, ...more: string[]): Promise<ProgramEnd> =>
  runInside([...command(kind, order), ...more])

let forms = 0
/** An order that can be authorized, or one that can be refunded. */
async function order(kind: Kind): Promise<string> {
  const file = join(folder, `${++forms}.yaml`)
  const form = kind === 'authorize' ? tokenOrderForm(`Ada ${forms}`) : serverCertificateForm(`example${forms}.org`)
  await writeFile(file, stringify(form))
  const verb = kind === 'authorize' ? ['place-order', file] : ['order', 'submit', file]
  const end = await runInside([...verb, '--yes', '--json', '--no-input', '--profile', rehearsal.profile])
  expect(end.code, end.stderr).toBe(0)
  return (JSON.parse(end.stdout) as { orderNumber: string }).orderNumber
}

describe.each(['authorize', 'refund'] as const)('order %s', (kind) => {
  it('is sent once and never again after the CA carried it out, whatever is said', async () => {
    const number = await order(kind)
    const before = sent(kind)
    const done = await change(kind, number)
    expect(done.code, done.stderr).toBe(0)
    for (const more of [[], ['--again']]) {
      const again = await change(kind, number, ...more)
      expect([again.code, again.stderr]).toEqual([5, expect.stringContaining('the CA has carried that out')])
    }
    // The form of a number is checked where the documents have one.
    expect((await change(kind, `00${number}`)).code, '007 and 7 are one order').toBe(kind === 'refund' ? 5 : 2)
    expect(sent(kind)).toBe(before + 1)
  })

  it.each(['lost-reply', 'truncated'] as const)(
    'is not repeated after an answer that was %s, unless somebody has looked',
    async (fault) => {
      const number = await order(kind)
      const before = sent(kind)
      rehearsal.ca.fail({ endpoint: ENDPOINTS[kind], kind: fault })
      expect((await change(kind, number)).code).toBe(5)
      const refused = await change(kind, number)
      expect([refused.code, refused.stderr]).toEqual([
        5,
        expect.stringContaining(
          `order ${kind} ${number}${kind === 'refund' ? ' --reason-code 1' : ''} --again --profile`,
        ),
      ])
      expect(sent(kind)).toBe(before + 1)
      await change(kind, number, '--again')
      expect(sent(kind)).toBe(before + 2)
    },
  )

  it('is free again after a refusal, and after a connection that was never made', async () => {
    const number = await order(kind)
    const before = sent(kind)
    rehearsal.ca.fail({ endpoint: ENDPOINTS[kind], kind: 'error', code: -16, message: 'Permission denied!' })
    expect((await change(kind, number)).code).toBe(4)
    const nowhere = await change(kind, number, '--endpoint', 'https://127.0.0.1:1/')
    expect(nowhere.code, nowhere.stdout).toBe(4)
    const done = await change(kind, number)
    expect(done.code, done.stderr).toBe(0)
    expect(sent(kind)).toBe(before + 2)
  })

  it('that died during the POST may have been carried out', async () => {
    const number = await order(kind)
    const before = sent(kind)
    rehearsal.ca.fail({ endpoint: ENDPOINTS[kind], kind: 'slow', accepts: true, delay: 60_000 })
    const program = startProgram(command(kind, number))
    await vi.waitFor(() => expect(sent(kind)).toBe(before + 1), { timeout: 60_000 })
    const other = await change(kind, number)
    expect([other.code, other.stderr], 'while another process sends it').toEqual([
      2,
      expect.stringContaining('lock.held'),
    ])
    await program.stop('SIGKILL')
    const refused = await change(kind, number)
    expect([refused.code, refused.stderr]).toEqual([5, expect.stringContaining('what came of it is not known')])
    expect(sent(kind)).toBe(before + 1)
  })

  it('that was noted by an earlier version, or in a file that a disk emptied, is not sent', async () => {
    const number = await order(kind)
    const before = sent(kind)
    const notes = join(rehearsal.stateDirectory, 'orders')
    await mkdir(notes, { recursive: true })
    for (const content of ['2026-11-01T10:00:00.000Z\n', '']) {
      await writeFile(join(notes, `${kind}-${number}`), content)
      expect((await change(kind, number)).code).toBe(5)
    }
    expect(sent(kind)).toBe(before)
    const done = await change(kind, number, '--again')
    expect(done.code, done.stderr).toBe(0)
  })
})

it('a refund of an order whose number is no number leaves its note in its own folder', async () => {
  await change('refund', await order('refund'))
  const before = await readdir(rehearsal.stateDirectory)
  await change('refund', '../../../elsewhere')
  expect(await readdir(rehearsal.stateDirectory)).toEqual(before)
  const { length } = (await readdir(folder)).filter((name) => name.startsWith('elsewhere'))
  expect(length).toBe(0)
})
