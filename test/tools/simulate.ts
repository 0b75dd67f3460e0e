/**
 * Years of keys in minutes: `npm run simulate [-- --keys 50 --years 3 --seed 1 --family luna]`. Keys of all six families on their
 * doubles are renewed by a daily timer, while the CA takes days, refuses one order in ten, loses one reply in fifty and is down for a day
 * a month, and the process dies at one of twenty-five steps. A person looks once a week. Fails where a certificate lapses, or a key is
 * ordered for twice.
 */

import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { parse, stringify } from 'yaml'
import { Secret } from '../../devices/device.ts'
import { loadConfiguration } from '../../src/config/configuration.ts'
import { enroll, resolve, resume } from '../../src/enrollment/enroll.ts'
import { readInventory } from '../../src/enrollment/inventory/read-inventory.ts'
import { readRun } from '../../src/enrollment/list-runs.ts'
import { createRealServices } from '../../src/enrollment/real-services.ts'
import { renew } from '../../src/enrollment/renewal/renew.ts'
import { recordSwitch, retire } from '../../src/enrollment/renewal/retire.ts'
import { resumeAll } from '../../src/enrollment/resume-all.ts'
import type { EnrollmentServices } from '../../src/enrollment/services.ts'
import { EnrollError, EXIT } from '../../src/errors.ts'
import type { FlowStep } from '../../src/sandbox/certificate-authority/flow.ts'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { filePollSchedule } from '../../src/sectigo/collection/file-poll-schedule.ts'
import { readCaFile } from '../../src/sectigo/http/root-certificates.ts'
import { createSectigo } from '../../src/sectigo/sectigo.ts'
import { Random } from './random.ts'

const DAY = 86_400_000
const FAMILIES = ['yubikey', 'yubihsm2', 'luna', 'nshield', 'fortanix', 'marvell-google'] as const
/** The CA's staff and the applicant take five days. */
const FLOW: readonly FlowStep[] = (['validate-organization', 'callback', 'agreement', 'issue'] as const).map(
  (action, index) => ({ after: (index + 2) * DAY, action }),
)
/** A process that ended there. */
class Death extends Error {}

interface Result {
  readonly family: string
  readonly keys: number
  readonly days: number
  readonly orders: number
  readonly refused: number
  readonly lostReplies: number
  readonly deaths: number
  readonly daysDown: number
  readonly renewed: number
  readonly retired: number
  readonly personActed: number
  /** Days left of the certificate that was renewed last of all. */
  readonly closest: number
  readonly heapByYear: readonly number[]
  readonly faults: readonly string[]
}

/** One family's keys, one device, one account, one state folder. */
class Simulation {
  readonly #random: Random
  readonly #start = Date.now()
  readonly #rehearsal: Rehearsal
  readonly #profiles: readonly string[]
  readonly #years: number
  #now = this.#start
  #isDown = false
  #mayDie = false
  readonly #count = { refused: 0, lostReplies: 0, deaths: 0, daysDown: 0, renewed: 0, retired: 0, personActed: 0 }
  #closest = Number.POSITIVE_INFINITY
  readonly #faults: string[] = []
  readonly #heap: number[] = []

  constructor(rehearsal: Rehearsal, profiles: readonly string[], years: number, seed: number, clock: Clock) {
    this.#rehearsal = rehearsal
    this.#profiles = profiles
    this.#years = years
    this.#random = new Random(seed)
    clock.now = () => this.#now
  }

  async run(): Promise<Omit<Result, 'family' | 'keys'>> {
    const days = Math.round(this.#years * 365)
    for (const profile of this.#profiles) await this.#try(() => this.#enrol(profile))
    for (let day = 1; day <= days; day++) {
      this.#now += DAY
      this.#isDown = day % 30 === 15
      if (this.#isDown) this.#count.daysDown++
      this.#mayDie = true
      for (const profile of this.#profiles) await this.#try(() => this.#timer(profile))
      this.#mayDie = false
      if (day % 7 === 0) await this.#person()
      if (day > 60) await this.#expectCertificates(day)
      if (day % 365 === 0) this.#heap.push(Math.round(usedHeap() / 1e6))
    }
    await this.#expectSingleOrders()
    return {
      days,
      orders: this.#rehearsal.ca.orders.length,
      ...this.#count,
      closest: this.#closest,
      heapByYear: this.#heap,
      faults: this.#faults,
    }
  }

  /** A process of its own: what is remembered between two is on disk. */
  #services(): EnrollmentServices {
    const services = createRealServices({
      stateDirectory: this.#rehearsal.stateDirectory,
      reading: { env: process.env },
      observer: {
        step: () => {
          if (!this.#mayDie || this.#random.below(25) > 0) return
          this.#count.deaths++
          throw new Death()
        },
      },
    })
    const { ca, stateDirectory } = this.#rehearsal
    const url = this.#isDown ? 'https://127.0.0.1:9/products/' : ca.url
    const secret = (text: string) => Secret.fromText(text)
    return {
      ...services,
      now: () => this.#now,
      certificateAuthority: async () =>
        createSectigo({
          url,
          caCertificates: readCaFile(this.#caFile()),
          credentials: async () => ({
            loginName: secret(ca.login.loginName),
            loginPassword: secret(ca.login.loginPassword),
          }),
          now: () => this.#now,
          collection: { schedule: filePollSchedule(stateDirectory) },
        }),
    }
  }

  #caFile(): string {
    return join(this.#rehearsal.stateDirectory, '..', 'ca.pem')
  }

  async #try(action: () => Promise<unknown>): Promise<void> {
    try {
      await action()
    } catch (error) {
      // After an order has left, a death is reported as an order that could not be recorded.
      if (error instanceof Death || (error instanceof Error && error.cause instanceof Death)) return
      if (this.#isDown && error instanceof EnrollError && error.exitCode === EXIT.ca) return
      this.#faults.push(
        `day ${this.#day()}: ${error instanceof Error ? `${error.name} ${error.message}` : String(error)}`,
      )
    }
  }

  #day(): number {
    return Math.round((this.#now - this.#start) / DAY)
  }

  async #enrol(profile: string): Promise<void> {
    const configuration = await loadConfiguration({ profile, env: {} })
    await enroll({ configuration, confirm: async () => true }, this.#services())
  }

  /** What a daily timer does, with what befalls the CA's answer to an order. */
  async #timer(profile: string): Promise<void> {
    const configuration = await loadConfiguration({ profile, env: {} })
    const services = this.#services()
    if (this.#day() < 60) for await (const _ of resumeAll(services, { patient: true }));
    const { outcome } = await renew({ configuration, confirm: async () => this.#befall() }, services).catch(
      (error: unknown) => {
        if (error instanceof EnrollError && error.code === 'renewal.none') return { outcome: 'none' }
        throw error
      },
    )
    if (outcome === 'renewed') this.#count.renewed++
  }

  #befall(): true {
    const chance = this.#random.below(50)
    if (chance < 5) {
      this.#count.refused++
      this.#rehearsal.ca.fail({
        endpoint: '!AutoApplyOrder',
        kind: 'error',
        code: -3,
        message: "The value of the 'days' argument is invalid!",
      })
    } else if (chance === 5) {
      this.#count.lostReplies++
      this.#rehearsal.ca.fail({ endpoint: '!AutoApplyOrder', kind: 'lost-reply' })
    }
    return true
  }

  /** Once a week: orders again what was refused, looks up what is unknown, switches, and retires. */
  async #person(): Promise<void> {
    const services = this.#services()
    for (const { run, record } of await readInventory(services)) {
      if (record === undefined || record.state === 'abandoned') continue
      const act = (action: () => Promise<unknown>): Promise<void> => {
        this.#count.personActed++
        return this.#try(action)
      }
      if (record.state === 'rejected')
        await act(() => resume(run, { orderAgain: true, confirm: async () => this.#befall() }, services))
      else if (record.state === 'unknown' || record.state === 'submitting')
        await act(() => this.#resolve(run, record.spkiSha256, services))
      else if (record.state === 'installed' && record.renews !== undefined && record.switchedAt === undefined)
        await act(() => recordSwitch(run, 'person', services))
      else if (
        record.switchedAt !== undefined &&
        record.renews !== undefined &&
        !(await this.#isRetired(record.renews.run))
      )
        await act(async () => {
          await retire(record.renews?.run ?? '', { operator: 'person', confirm: async () => undefined }, services)
          this.#count.retired++
        })
    }
  }

  async #isRetired(run: string): Promise<boolean> {
    const { record } = await readRun(this.#rehearsal.stateDirectory, run)
    return record?.retiredAt !== undefined
  }

  /** By the CA's own list of orders, as a person sees it. */
  async #resolve(run: string, spkiSha256: string | undefined, services: EnrollmentServices): Promise<void> {
    const order = this.#rehearsal.ca.orders.find(({ spki }) => spki !== undefined && sha256(spki) === spkiSha256)
    const resolution =
      order === undefined
        ? ({ kind: 'not-placed', despiteBalance: true } as const)
        : ({ kind: 'placed', orderNumber: order.orderNumber } as const)
    await resolve(run, resolution, 'person', services)
    await resume(run, { confirm: async () => true }, services)
  }

  /** Each profile has a certificate that is installed and has not ended. */
  async #expectCertificates(day: number): Promise<void> {
    const best = new Map<string, number>()
    for (const { record, certificate, test, keyStatus } of await readInventory(this.#services())) {
      if (record?.profile === undefined || certificate === undefined || test) continue
      if (record.state !== 'issued' && record.state !== 'installed') continue
      if (keyStatus === 'deleted' || keyStatus === 'replaced' || record.retiredAt !== undefined) continue
      best.set(record.profile, Math.max(best.get(record.profile) ?? 0, Date.parse(certificate.notAfter)))
    }
    for (const profile of this.#profiles) {
      const left = ((best.get(profile) ?? 0) - this.#now) / DAY
      this.#closest = Math.min(this.#closest, Math.floor(left))
      if (left <= 0) this.#faults.push(`day ${day}: ${profile} has no certificate`)
    }
  }

  /** A key is ordered for once, and is followed by one key. */
  async #expectSingleOrders(): Promise<void> {
    const keys = new Set<string>()
    for (const { spki, orderNumber } of this.#rehearsal.ca.orders) {
      const key = spki === undefined ? '' : sha256(spki)
      if (keys.has(key)) this.#faults.push(`order ${orderNumber}: its key was ordered for before`)
      keys.add(key)
    }
    const followed = new Set<string>()
    for (const { run, record } of await readInventory(this.#services())) {
      if (record?.renews === undefined || record.state === 'abandoned') continue
      if (followed.has(record.renews.run)) this.#faults.push(`run ${run}: ${record.renews.run} was renewed before`)
      followed.add(record.renews.run)
    }
  }
}

interface Clock {
  now: () => number
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

function usedHeap(): number {
  globalThis.gc?.()
  return process.memoryUsage().heapUsed
}

async function simulateFamily(family: string, keys: number, years: number, seed: number): Promise<Result> {
  const folder = mkdtempSync(join(tmpdir(), 'sim-'))
  const clock: Clock = { now: Date.now }
  const authority = { account: { credit: '100000000.00' }, flow: FLOW, now: () => clock.now() }
  const algorithm = family === 'luna' ? 'P-384' : 'P-256'
  const rehearsal = await startRehearsal({ directory: folder, device: family, algorithm, authority })
  try {
    Object.assign(process.env, rehearsal.environment)
    mkdirSync(join(folder, 'p'))
    const profiles = Array.from({ length: keys }, (_, index) => writeProfile(rehearsal.profile, folder, family, index))
    const result = await new Simulation(rehearsal, profiles, years, seed, clock).run()
    return { family, keys, ...result }
  } finally {
    await rehearsal.close()
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Another subject for each; a YubiKey has two of its slots for each. */
function writeProfile(base: string, folder: string, family: string, index: number): string {
  const profile = parse(readFileSync(base, 'utf8')) as Record<string, Record<string, unknown>>
  const name = `Signer ${index + 1}`
  const slots = [0x82 + 2 * index, 0x83 + 2 * index].map((slot) => slot.toString(16))
  const device =
    family === 'yubikey'
      ? { ...profile.device, uri: String(profile.device?.uri).replace(/;slot=\w+/, ''), slot: slots[0] }
      : profile.device
  const file = join(folder, 'p', `signer-${index + 1}.yaml`)
  const anchors = [join(folder, 'trust-anchors.json')]
  const request = { ...profile.request, subject: `CN=${name},O=Example Signing GmbH,L=Utrecht,ST=Utrecht,C=NL` }
  const sectigo = { ...profile.sectigo, caFile: join(folder, 'ca.pem'), pollSeconds: '10800' }
  const renewal = family === 'yubikey' ? { places: slots } : {}
  writeFileSync(file, stringify({ ...profile, trustAnchors: anchors, device, request, sectigo, renewal }), {
    mode: 0o600,
  })
  return file
}

const { values } = parseArgs({
  options: {
    keys: { type: 'string', default: '50' },
    years: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    family: { type: 'string' },
  },
})
const [keys, years, seed] = [Number(values.keys), Number(values.years), Number(values.seed)]
if (values.family === undefined) {
  let failed = false
  for (const [index, family] of FAMILIES.entries()) {
    const share = Math.floor(keys / FAMILIES.length) + (index < keys % FAMILIES.length ? 1 : 0)
    const words = [
      '--expose-gc',
      process.argv[1] ?? '',
      '--family',
      family,
      '--keys',
      String(share),
      '--years',
      String(years),
      '--seed',
      String(seed + index),
    ]
    // PKCS#11 modules read the environment when they are loaded: a process for each family.
    const { status } = spawnSync(process.execPath, words, { stdio: 'inherit' })
    failed ||= status !== 0
  }
  process.exitCode = failed ? 1 : 0
} else {
  const started = performance.now()
  const result = await simulateFamily(values.family, keys, years, seed)
  process.stdout.write(`${JSON.stringify({ ...result, seconds: Math.round((performance.now() - started) / 1000) })}\n`)
  process.exitCode = result.faults.length === 0 && result.renewed > 0 ? 0 : 1
}
