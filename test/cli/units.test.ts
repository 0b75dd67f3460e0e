import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runInside } from '../enrollment/run-inside.ts'
import { allHere } from '../not-run.ts'

/** What systemd and cron would run, and how far a unit could be turned against its host. */
const CONTRIB = resolve(import.meta.dirname, '../../contrib')
const UNITS = readdirSync(join(CONTRIB, 'systemd')).filter((name) => /\.(service|timer)$/.test(name))
const SERVICES = UNITS.filter((name) => name.endsWith('.service'))
const PROGRAM = '/usr/local/bin/hsm-enroll'
const missing = ['systemd-analyze'].filter((program) => spawnSync(program, ['--version']).error !== undefined)

/** What a unit gives up on, each with its reason in the unit. */
const EXCEPTIONS = ['MemoryDenyWriteExecute', 'PrivateNetwork', 'IPAddressDeny', 'RootDirectory']

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'units-'))
  cpSync(join(CONTRIB, 'systemd'), folder, { recursive: true })
  // The program is not installed where the tests run.
  for (const name of SERVICES) {
    const text = readFileSync(join(folder, name), 'utf8')
    writeFileSync(join(folder, name), text.replaceAll(PROGRAM, process.execPath))
  }
})
afterAll(() => rmSync(folder, { recursive: true }))

const analyze = (...args: string[]) => spawnSync('systemd-analyze', [...args, '--no-pager'], { encoding: 'utf8' })

describe.runIf(allHere(missing))('a unit', () => {
  it.each(UNITS)('%s is what systemd understands', (name) => {
    const instance = name.replace('@.', '@signing.')
    if (instance !== name) cpSync(join(folder, name), join(folder, instance))
    const end = analyze('verify', '--man=no', join(folder, instance))
    const own = end.stderr.split('\n').filter((line) => line.includes('hsm-enroll') && !line.includes('man:'))
    expect(own).toEqual([])
    expect(end.status, end.stderr).toBe(0)
  })

  it.each(SERVICES)('%s is exposed by at most 3.0 in systemd’s own measure, and names what it leaves open', (name) => {
    const end = analyze('security', '--offline=true', '--threshold=30', join(folder, name))
    expect(end.status, end.stdout).toBe(0)
    const [, exposure = '10'] = /Overall exposure level for .*: ([\d.]+)/.exec(end.stdout) ?? []
    expect(Number(exposure)).toBeLessThanOrEqual(3)
    const text = readFileSync(join(CONTRIB, 'systemd', name), 'utf8')
    for (const exception of EXCEPTIONS) {
      expect(end.stdout, 'an exception that is none any more').toMatch(new RegExp(`✗ ${exception}`))
      expect(text).toContain(exception)
    }
  })
})

it.each(SERVICES.filter((name) => / --yes\b/.test(readFileSync(join(CONTRIB, 'systemd', name), 'utf8'))))(
  '%s, which orders by the clock, starts once it is right',
  (name) => {
    const text = readFileSync(join(CONTRIB, 'systemd', name), 'utf8')
    expect(text).toMatch(/^Wants=.*\btime-sync\.target\b/m)
    expect(text).toMatch(/^After=.*\btime-sync\.target\b/m)
  },
)

/** The words after the program, as a shell would part them. */
const commandsIn = (file: string): readonly (readonly string[])[] =>
  [
    ...readFileSync(join(CONTRIB, file), 'utf8').matchAll(
      /^(?:ExecStart=\S*\/|[\d* ]+ +hsm-enroll +)hsm-enroll (.*)$/gm,
    ),
  ].map(([, line = '']) =>
    line
      .replace(/>.*/, '')
      .trim()
      .split(/ +/)
      .map((word) => (word === '%i' ? 'signing' : word)),
  )

describe('what a timer runs', () => {
  const files = [...SERVICES.map((name) => `systemd/${name}`), 'cron/hsm-enroll']

  it.each(files)('%s is a command of the program', async (file) => {
    const commands = commandsIn(file)
    expect(commands.length).toBeGreaterThan(0)
    for (const command of commands.filter(([word]) => word !== 'agent')) {
      const env = { STATE_DIRECTORY: join(folder, 'state'), CONFIGURATION_DIRECTORY: join(folder, 'etc') }
      const end = await runInside(command, { env })
      if (end.code === 0) continue
      expect(end.stderr, 'it only lacks its profile').toContain('config.no-profile')
    }
  })

  it('keeps its runs where systemd says, and finds its profile there', async () => {
    const env = { STATE_DIRECTORY: join(folder, 'state'), CONFIGURATION_DIRECTORY: join(folder, 'etc') }
    const end = await runInside(['config', 'check', '--json'], { env })
    const { settings } = JSON.parse(end.stdout) as { settings: { path: string; value: string }[] }
    expect(settings).toContainEqual(expect.objectContaining({ path: 'stateDirectory', value: join(folder, 'state') }))
    const other = await runInside(['plan', 'signing'], { env: { ...env, XDG_STATE_HOME: '/nowhere' } })
    expect(other.stderr).toContain(join(folder, 'etc/profiles/signing.yaml'))
  })
})
