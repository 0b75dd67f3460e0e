import { type ChildProcess, spawn } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Lan } from './lan.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const MAIN = join(ROOT, 'dist/cli/main.js')
const RECORDER = join(ROOT, 'test/tools/campaign/record-calls.mjs')

/** Where the built program is to run, and who it is in the history. */
export interface Seat {
  readonly node: string
  readonly client: number
  /** For locks of devices and whatever else it looks for under HOME. */
  readonly home: string
}

/** How a command ended. `code` is null where it was killed. */
export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Starts the built program on a machine of the fleet; `history`: where its calls to a broker are written down. */
export function startProgram(
  lan: Lan,
  seat: Seat,
  history: string,
  args: readonly string[],
): { readonly child: ChildProcess; readonly ended: Promise<Ended> } {
  const [command = '', ...before] = lan.inside(seat.node)
  const child = spawn(command, [...before, process.execPath, '--import', RECORDER, MAIN, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH ?? '',
      HOME: seat.home,
      XDG_CONFIG_HOME: seat.home,
      HSM_ENROLL_TEST_DEVICE_LOCKS: seat.home,
      FLEET_HISTORY: history,
      FLEET_CLIENT: String(seat.client),
    },
  })
  let stdout = ''
  let stderr = ''
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk
  })
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk
  })
  const ended = new Promise<Ended>((done) => child.once('close', (code) => done({ code, stdout, stderr })))
  return { child, ended }
}

/** A broker of the built program, which is started again whenever it has ended. */
export class BrokerProcess {
  readonly node: string
  readonly address: string
  readonly stateDirectory: string
  readonly #start: () => ChildProcess
  child: ChildProcess | undefined
  /** What it has said of itself that it should not have to. */
  defects = 0

  constructor(
    lan: Lan,
    place: { readonly node: string; readonly address: string; readonly stateDirectory: string; readonly log: string },
    args: readonly string[],
  ) {
    this.node = place.node
    this.address = place.address
    this.stateDirectory = place.stateDirectory
    const [command = '', ...before] = lan.inside(place.node)
    const environment = { PATH: process.env.PATH ?? '', HOME: '/nonexistent', XDG_CONFIG_HOME: '/nonexistent' }
    this.#start = () => {
      const child = spawn(command, [...before, process.execPath, MAIN, ...args], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env: environment,
      })
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding('utf8').on('data', (text: string) => {
          if (text.includes('"event":"defect"')) this.defects++
          appendFileSync(place.log, text)
        })
      return child
    }
  }

  /** Resolves once it takes calls: like a unit of systemd, it is started again where it ended by itself, since its database is away. */
  async start(): Promise<void> {
    while (!(await this.#begin())) await delay(1000)
  }

  /** False where it ended by itself. */
  #begin(): Promise<boolean> {
    const child = this.#start()
    this.child = child
    return new Promise((done) => {
      const heard = (text: string): void => {
        if (!text.includes('"event":"listening"')) return
        child.stdout?.off('data', heard)
        done(true)
      }
      child.stdout?.on('data', heard)
      child.once('exit', (_, signal) => done(signal !== null))
    })
  }

  async kill(): Promise<void> {
    const { child } = this
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((done) => child.once('exit', done))
    child.kill('SIGKILL')
    await ended
  }
}
