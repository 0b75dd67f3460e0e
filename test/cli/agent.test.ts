import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadConfiguration } from '../../src/config/configuration.ts'
import { enroll as enrollInside } from '../../src/enrollment/enroll.ts'
import { createRealServices } from '../../src/enrollment/real-services.ts'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { runInside } from '../enrollment/run-inside.ts'
import { startProgram } from '../enrollment/running-program.ts'
import { allHere } from '../not-run.ts'

/** One process that looks after everything. */
let folder: string
let rehearsal: Rehearsal
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agent-'))
  const authority = { flow: [], account: { credit: '100000.00' } }
  rehearsal = await startRehearsal({ directory: folder, device: 'yubihsm2', algorithm: 'P-256', authority })
})
afterEach(async () => {
  await rehearsal.close()
  await rm(folder, { recursive: true })
})

interface Shown {
  readonly id: string
  readonly orderNumber: string
}
const state = (): readonly string[] => ['--state-directory', rehearsal.stateDirectory]
const issue = (orderNumber: string): void => {
  for (const action of ['validate-organization', 'callback', 'agreement', 'issue'] as const)
    expect(rehearsal.ca.perform(orderNumber, action), action).toBe(true)
}
const order = async (): Promise<Shown> =>
  JSON.parse((await runInside(['enroll', rehearsal.profile, '--yes', '--json'])).stdout) as Shown

describe('the agent', () => {
  it('continues runs, looks again on SIGHUP, serves its metrics, and ends on SIGTERM', async () => {
    const { id, orderNumber } = await order()
    const file = join(folder, 'hsm-enroll.prom')
    const agent = startProgram([
      'agent',
      '--every',
      '10w',
      '--metrics-port',
      '0',
      '--metrics-file',
      file,
      ...state(),
      '--json',
    ])
    await agent.until(new RegExp(`"run":"${id}".*"state":"ordered"`))
    issue(orderNumber)
    const [, url = ''] = await agent.until(/Metrics at (\S+)/)
    // The CA is not asked again before its pause is over; each look says where the run is.
    for (let looks = 1; !agent.stdout.includes('"state":"installed"'); looks++) {
      void agent.stop('SIGHUP')
      await agent.until(new RegExp(`(?:"run":"${id}"[^]*){${looks + 1}}`))
    }
    await expect
      .poll(async () => (await fetch(url)).text(), { timeout: 60_000 })
      .toContain('hsm_enroll_run_state{state="installed"} 1')
    expect((await fetch(url.replace('/metrics', '/other'))).status).toBe(404)
    // It is written once the look is over, which may be after what it found was served.
    await expect.poll(() => readFile(file, 'utf8')).toContain('hsm_enroll_certificate_not_after_seconds{')
    const end = await agent.stop('SIGTERM')
    expect(end.code, end.stderr).toBe(0)
  })

  it('renews what is due, once, and reports a profile that cannot be read beside those that can', async () => {
    const { id, orderNumber } = await order()
    issue(orderNumber)
    expect((await runInside(['runs', 'resume', id, '--wait', ...state()])).code).toBe(0)
    const profile = await readFile(rehearsal.profile, 'utf8')
    await writeFile(rehearsal.profile, `${profile}\nrenewal:\n  before: 60w\n`)
    const agent = startProgram(['agent', 'nosuch', rehearsal.profile, '--yes', ...state(), '--json'])
    await agent.until(/"code":"config.no-profile"/)
    await agent.until(/"outcome":"begun"/)
    void agent.stop('SIGHUP')
    await agent.until(/"outcome":"waiting"/)
    expect((await agent.stop('SIGTERM')).code).toBe(0)
    expect(rehearsal.ca.orders).toHaveLength(2)
  })

  it('does not order for a run that a person declined to pay for', async () => {
    const configuration = await loadConfiguration({ profile: rehearsal.profile, env: {} })
    const services = createRealServices({
      stateDirectory: rehearsal.stateDirectory,
      reading: { env: {} },
      observer: { step: () => undefined },
    })
    const declined = enrollInside({ configuration, profile: rehearsal.profile, confirm: async () => false }, services)
    await expect(declined).resolves.toMatchObject({ exitCode: 1 })
    const agent = startProgram(['agent', '--yes', '--metrics-port', '0', ...state()])
    const [, url = ''] = await agent.until(/Metrics at (\S+)/)
    await expect
      .poll(async () => (await fetch(url)).text(), { timeout: 60_000 })
      .toContain('hsm_enroll_run_state{state="checked"} 1')
    expect((await agent.stop('SIGTERM')).code).toBe(0)
    expect(rehearsal.ca.orders).toHaveLength(0)
  })

  it('ends with a cause and a remedy where it cannot receive notifications', async () => {
    const taken = new URL(rehearsal.ca.url).port
    const end = await startProgram(['agent', '--listen', '--port', taken, ...state()]).ended
    expect(end.code, end.stderr).toBe(2)
    expect(end.stderr).toContain('push.listen')
    expect(end.stderr).not.toContain('    at ')
  })

  it('survives a folder that is missing for its metrics, and writes them once it is there', async () => {
    const file = join(folder, 'later', 'hsm-enroll.prom')
    const agent = startProgram(['agent', '--listen', '--port', '0', '--metrics-file', file, ...state()])
    await agent.until(/\(disk, exit 2\)/)
    await mkdir(join(folder, 'later'))
    void agent.stop('SIGHUP')
    await expect.poll(() => readFile(file, 'utf8').catch(() => '')).toContain('hsm_enroll_')
    const end = await agent.stop('SIGTERM')
    expect(end.code, end.stderr).toBe(0)
  })

  it('listens no longer after a defect', async () => {
    // No argument of a process can hold a zero.
    const end = await runInside([
      'agent',
      '--listen',
      '--port',
      '0',
      '--metrics-file',
      join(folder, 'a\0b'),
      ...state(),
    ])
    expect(end.code, end.stderr).toBe(70)
    const [, url] = /Listening on (\S+);/.exec(end.stderr) ?? []
    await expect(fetch(url ?? 'http://nowhere')).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } })
  })

  it('does not start with a profile that is not there', async () => {
    const end = await runInside(['agent', 'nosuch', ...state()])
    expect(end.code).toBe(2)
    expect(end.stderr).toContain('config.no-profile')
  })

  it('leaves a pause between two looks', async () => {
    const end = await runInside(['agent', '--every', '0h', ...state()])
    expect(end.code).toBe(2)
    expect(end.stderr).toContain('--every 0 leaves no pause')
  })
})

const missing = ['systemd-notify', 'python3'].filter((program) => spawnSync(program, ['--version']).error !== undefined)

describe.runIf(allHere(missing))('under systemd', () => {
  /** Prints every message that comes to the socket, one a line. */
  const LISTENER = `import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(sys.argv[1]); print("bound", flush=True)
while True: print(s.recv(4096).decode().replace(chr(10), " "), flush=True)`

  let listener: ChildProcess
  afterEach(async () => {
    listener.kill('SIGKILL')
    await once(listener, 'close')
  })

  it('says when it is ready, that it lives, and that it ends', async () => {
    const socket = join(folder, 'notify')
    listener = spawn('python3', ['-c', LISTENER, socket], { stdio: ['ignore', 'pipe', 'inherit'] })
    let heard = ''
    const hears = async (what: RegExp): Promise<void> => {
      while (!what.test(heard)) heard += String((await once(listener.stdout ?? listener, 'data'))[0])
    }
    await hears(/bound/)
    const agent = startProgram(['agent', ...state()], { NOTIFY_SOCKET: socket, WATCHDOG_USEC: '400000' })
    await hears(/READY=1/)
    await hears(/WATCHDOG=1/)
    const ends = hears(/STOPPING=1/)
    expect((await agent.stop('SIGTERM')).code).toBe(0)
    await ends
  })
})
