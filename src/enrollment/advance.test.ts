import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Configuration } from '../config/configuration.ts'
import { EnrollError } from '../errors.ts'
import type { CertificateAuthority, Collection, OrderProgress } from '../sectigo/certificate-authority.ts'
import { advance } from './advance.ts'
import { withNewRun } from './run.ts'
import type { EnrollmentServices } from './services.ts'

let stateDirectory: string
beforeAll(async () => {
  stateDirectory = await mkdtemp(join(tmpdir(), 'advance-'))
})
afterAll(() => rm(stateDirectory, { recursive: true }))

const never = (): never => {
  throw new Error('not asked for here')
}
const HOUR = 3_600_000

it.each([
  ['forward', 30 * 24 * HOUR],
  ['back', -30 * 24 * HOUR],
])('a wall clock that is set %s while a run waits changes nothing of the pause', async (_name, jump) => {
  let wall = Date.parse('2027-01-01T12:00:00Z')
  let elapsed = 0
  const asked: number[] = []
  const ca: CertificateAuthority = {
    validateOrder: never,
    applyOrder: never,
    balance: never,
    orderProgress: never,
    orderProgressIfDue: async () => ({ state: 'pending', summary: 'in process', steps: [] }),
    collect: async () => {
      asked.push(elapsed)
      if (asked.length === 2) throw new Error('asked twice')
      return { kind: 'not-yet', message: 'in process', nextCall: wall + 3 * HOUR }
    },
  }
  const services: EnrollmentServices = {
    stateDirectory,
    now: () => wall,
    monotonic: () => elapsed,
    sleep: async (milliseconds) => {
      // The first pause is under way when somebody sets the clock.
      if (asked.length === 1 && elapsed === 0) wall += jump
      elapsed += milliseconds
      wall += milliseconds
    },
    reading: { env: {} },
    openDevice: never,
    certificateAuthority: async () => ca,
    observer: { step: () => undefined },
  }
  const plan = { configuration: new Configuration(new Map()), test: false, device: true }
  await withNewRun(plan, services, async (run) => {
    const publicKey = await run.folder.writeArtefact('public-key.pem', Buffer.from('key'))
    await run.log({ type: 'key-generated', location: '1', spkiSha256: 'aa', publicKey, found: false })
    await run.log({ type: 'ordered', orderNumber: '1', paymentRequired: false })
    await expect(advance(run, { wait: true })).rejects.toThrow('asked twice')
  })
  expect(asked).toEqual([0, 3 * HOUR])
})

it('asked again and again, a CA that says nothing new leaves nothing new in the journal', async () => {
  let answer: Collection | EnrollError = { kind: 'not-yet', message: 'in process', nextCall: 3 * HOUR }
  let progress: OrderProgress | undefined = { state: 'pending', summary: 'in process', steps: [] }
  const ca: CertificateAuthority = {
    validateOrder: never,
    applyOrder: never,
    balance: never,
    orderProgress: never,
    orderProgressIfDue: async () => progress,
    collect: async () => {
      if (answer instanceof EnrollError) throw answer
      return answer
    },
  }
  const services: EnrollmentServices = {
    stateDirectory,
    now: () => HOUR,
    monotonic: () => 0,
    sleep: never,
    reading: { env: {} },
    openDevice: never,
    certificateAuthority: async () => ca,
    observer: { step: () => undefined },
  }
  const plan = { configuration: new Configuration(new Map()), test: false, device: true }
  await withNewRun(plan, services, async (run) => {
    const publicKey = await run.folder.writeArtefact('public-key.pem', Buffer.from('key'))
    await run.log({ type: 'key-generated', location: '1', spkiSha256: 'aa', publicKey, found: false })
    await run.log({ type: 'ordered', orderNumber: '1', paymentRequired: false })
    const grown = async (): Promise<number> => {
      const size = async (): Promise<number> => (await stat(run.folder.journalFile)).size
      const before = await size()
      await advance(run).catch((error: unknown) => {
        if (error !== answer) throw error
      })
      return (await size()) - before
    }
    expect(await grown()).toBeGreaterThan(0)
    expect([await grown(), await grown()]).toEqual([0, 0])
    // Not asked, or not answered: what was known stays.
    progress = undefined
    expect(await grown()).toBe(0)
    expect(run.record.progress?.summary).toBe('in process')
    progress = { state: 'pending', summary: 'the callback is awaited', steps: [] }
    expect(await grown()).toBeGreaterThan(0)
    answer = new EnrollError('sectigo.no-answer', 'Could not ask.', { remedy: 'Ask again.' })
    expect(await grown()).toBeGreaterThan(0)
    expect([await grown(), await grown()]).toEqual([0, 0])
    answer = new EnrollError('sectigo.unreadable', 'Could not read.', { remedy: 'Ask again.' })
    expect(await grown()).toBeGreaterThan(0)
  })
})

it('why a run stopped is said also where its journal can take nothing any more: it may be the number of an order', async () => {
  const unsaved = new EnrollError('order.unrecorded', 'The CA has the order 1.', { remedy: 'Write it down.' })
  const services: EnrollmentServices = {
    stateDirectory,
    now: Date.now,
    monotonic: () => 0,
    sleep: never,
    reading: { env: {} },
    openDevice: never,
    certificateAuthority: never,
    observer: { step: () => undefined },
  }
  const plan = { configuration: new Configuration(new Map()), test: false, device: true }
  await withNewRun(plan, services, async (run) => {
    const publicKey = await run.folder.writeArtefact('public-key.pem', Buffer.from('key'))
    await run.log({ type: 'key-generated', location: '1', spkiSha256: 'bb', publicKey, found: false })
    await run.log({ type: 'ordered', orderNumber: '1', paymentRequired: false })
    const certificateAuthority = async () => {
      await rm(run.folder.journalFile)
      await mkdir(run.folder.journalFile)
      throw unsaved
    }
    Object.assign(services, { certificateAuthority })
    await expect(advance(run)).rejects.toBe(unsaved)
  })
})
