import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { listRuns } from '../../src/enrollment/list-runs.ts'
import type { RunSummary } from '../../src/enrollment/run-record.ts'
import type { Rehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { sha256Hex } from '../../src/sha256-hex.ts'
import type { CountedDevice } from './counted-devices.ts'
import { ENDINGS, type KilledEnd, runInNamespace } from './killed-program.ts'
import type { Random } from './random.ts'

/** How often what was killed, as `command ENDING`, and how commands ended that were not. */
export interface Tally {
  readonly kills: Record<string, number>
  readonly ends: Record<string, number>
}

export interface Fault {
  readonly profile: string
  readonly what: string
  readonly log: readonly string[]
}

export interface TrialSetting {
  readonly family: string
  readonly folder: string
  readonly device: CountedDevice
  readonly rehearsal: Rehearsal
  readonly random: Random
  readonly tally: Tally
  readonly number: number
}

/** Commands of each of the two operators that may be killed; then one of them finishes undisturbed. */
const KILLED_COMMANDS = 4
const LAST_COMMANDS = 12

/** How long a whole enrolment takes here, in milliseconds: the kills are spread over it. Measured by what ends by itself. */
let typical = 3000

type Action = {
  readonly name: 'enroll' | 'renew' | 'resume' | 'resolve'
  readonly args: readonly string[]
  /** Of the run whose outcome is to be said. */
  readonly spkiSha256?: string
}

/** One profile that two operators enrol, and then renew, while their commands are killed. */
export class KillTrial {
  readonly #setting: TrialSetting
  readonly #state: string
  readonly #profile: string
  readonly #log: string[] = []
  readonly #ordersBefore: number
  /** Commands under way; who says what became of an order waits until there are none, and looks at the CA then. */
  readonly #underWay = new Set<Promise<unknown>>()
  #resolving: Promise<unknown> = Promise.resolve()
  /** Two logins were killed before the device answered: a person has to look, and say so. */
  #pinInDoubt = false
  /** How many are to be installed before this part of the trial is over. */
  #certificates = 1

  constructor(setting: TrialSetting) {
    this.#setting = setting
    const { folder, number, rehearsal } = setting
    this.#state = join(folder, `state-${number}`)
    this.#profile = join(folder, `profile-${number}.yaml`)
    const places = setting.family === 'yubikey' ? 'renewal:\n  places: ["9c", "82"]\n' : ''
    writeFileSync(this.#profile, `${readFileSync(rehearsal.profile, 'utf8')}${places}# ${number}\n`)
    this.#ordersBefore = rehearsal.ca.orders.length
  }

  async run(): Promise<{ readonly keys: number; readonly orders: number; readonly fault?: Fault }> {
    const { device } = this.#setting
    await device.empty()
    const keysBefore = await device.keys()
    let stuck: string | undefined
    for (this.#certificates = 1; this.#certificates <= 2 && stuck === undefined; this.#certificates++) {
      this.#disturbOrder()
      await Promise.all([this.#operate('A'), this.#operate('B')])
      stuck = await this.#finish()
    }
    const keys = (await device.keys()) - keysBefore
    const orders = this.#orders().length
    // An operator may renew once more what the other one has just renewed, and be stopped before there is a key or an order.
    const runs = (await listRuns(this.#state)).filter(isUnderWay).length
    const ordered = new Set(this.#orders().map(({ spki }) => spki && sha256Hex(spki))).size
    const once = keys >= 2 && keys <= runs && ordered >= 2 && ordered === orders && orders <= keys
    const what = stuck ?? (once ? undefined : `${runs} runs, ${keys} keys, ${orders} orders`)
    return {
      keys,
      orders,
      ...(what === undefined ? {} : { fault: { profile: this.#profile, what, log: this.#log } }),
    }
  }

  /** Half of the orders take seconds, lose their answer, or never arrive: kills meet them, and somebody has to say what became of them. */
  #disturbOrder(): void {
    const { random, rehearsal } = this.#setting
    if (random.below(2) === 0) return
    const kind = random.pick(['slow', 'slow', 'lost-reply', 'drop-before-accept'] as const)
    rehearsal.ca.fail({ endpoint: '!AutoApplyOrder', kind, delay: 3000 })
  }

  async #operate(name: string): Promise<void> {
    const { random } = this.#setting
    for (let i = 0; i < KILLED_COMMANDS; i++) {
      const action = await this.#next()
      if (action === undefined) return
      const ending = random.pick(ENDINGS)
      await this.#command(name, action, { ending, after: random.below(Math.ceil(typical * 1.3)) })
    }
  }

  /** Undisturbed, until the certificates are on the device; else what stands in the way. */
  async #finish(): Promise<string | undefined> {
    let last = 'nothing was done'
    for (let i = 0; i < LAST_COMMANDS; i++) {
      const action = await this.#next()
      if (action === undefined) return undefined
      const end = await this.#command('last', action)
      if (end.hung) return 'a command hung'
      if (end.code === 70) return 'a defect'
      last = `${action.name} ended with ${end.code}: ${end.stderr.slice(-300)}`
    }
    return `not finished: ${last}`
  }

  /** What an operator does who looks at the runs; undefined once the certificate is installed. */
  async #next(): Promise<Action | undefined> {
    const runs = await listRuns(this.#state)
    const common = ['--state-directory', this.#state]
    const installed = runs.filter(({ record }) => record?.state === 'installed').length
    if (installed >= this.#certificates) return undefined
    const run = runs.find((each) => isUnderWay(each) && each.record?.state !== 'installed')
    if (run?.record?.state === 'unknown' && this.#setting.random.below(3) > 0)
      return { name: 'resolve', args: ['runs', 'resolve', run.id, ...common], spkiSha256: run.record.spkiSha256 }
    if (this.#pinInDoubt) common.push('--try-pin-again')
    this.#pinInDoubt = false
    if (run !== undefined && (installed === 0 || this.#setting.random.below(2) === 0))
      return { name: 'resume', args: ['runs', 'resume', run.id, '--yes', '--wait', ...common] }
    return installed === 0
      ? { name: 'enroll', args: ['enroll', this.#profile, '--yes', '--wait', ...common] }
      : { name: 'renew', args: ['renew', this.#profile, '--yes', '--before', '60w', ...common] }
  }

  async #command(operator: string, action: Action, kill?: Parameters<typeof runInNamespace>[2]): Promise<KilledEnd> {
    const begun = performance.now()
    const work = action.name === 'resolve' ? this.#resolve(action, kill) : this.#shared(action.args, kill)
    const end = await work
    if (codeOf(end) === 'pin.wrong-before') this.#pinInDoubt = true
    const how = end.ended ? `${action.name} ${kill?.ending}` : `${action.name} ${codeOf(end)}`
    const { tally } = this.#setting
    const counts = end.ended ? tally.kills : tally.ends
    counts[how] = (counts[how] ?? 0) + 1
    if (!end.ended && end.code === 0 && action.name === 'enroll') typical = (typical + performance.now() - begun) / 2
    this.#log.push(`${operator} ${how}${kill === undefined ? '' : ` after ${kill.after} ms`}: ${lastLine(end.stderr)}`)
    return end
  }

  async #shared(args: readonly string[], kill: Parameters<typeof runInNamespace>[2]): Promise<KilledEnd> {
    await this.#resolving
    const work = runInNamespace(args, this.#setting.rehearsal.environment, kill)
    this.#underWay.add(work)
    return work.finally(() => this.#underWay.delete(work))
  }

  /** Whoever says that there is no order looks once nobody can be sending one. */
  #resolve(action: Action, kill: Parameters<typeof runInNamespace>[2]): Promise<KilledEnd> {
    const turn = this.#resolving.then(async () => {
      await Promise.allSettled([...this.#underWay])
      // What a killed command had written to its socket arrives.
      await new Promise((done) => setTimeout(done, 300))
      const order = this.#orders().find(({ spki }) => spki !== undefined && sha256Hex(spki) === action.spkiSha256)
      const answer = order === undefined ? ['--not-placed'] : ['--order-number', order.orderNumber]
      return runInNamespace([...action.args, ...answer], this.#setting.rehearsal.environment, kill)
    })
    this.#resolving = turn.catch(() => undefined)
    return turn
  }

  #orders() {
    return this.#setting.rehearsal.ca.orders.slice(this.#ordersBefore)
  }
}

/** A run that asked its device for a key, or may have. One that did not stands in nobody's way. */
const isUnderWay = ({ record }: RunSummary): boolean =>
  record !== undefined && (record.state !== 'planned' || record.keyRequested !== undefined)

/** The code of an error that was printed, or the exit status. */
const codeOf = ({ code, signal, stderr }: KilledEnd): string =>
  /\(([a-z-]+\.[\w.-]+), exit \d/.exec(stderr)?.[1] ?? signal ?? `exit ${code}`

const lastLine = (text: string): string => text.trimEnd().split('\n').slice(-2).join(' | ').slice(0, 300)
