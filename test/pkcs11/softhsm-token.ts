import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { allHere } from '../not-run.ts'

const MODULES = [
  '/usr/lib/softhsm/libsofthsm2.so',
  '/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so',
  '/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so',
]

export const SOFTHSM_MODULE = MODULES.find((path) => existsSync(path))

/** False off Debian, said aloud; an error in CI, where nothing may be passed over. */
export function softhsmAvailable(): boolean {
  return allHere(SOFTHSM_MODULE === undefined ? ['libsofthsm2.so'] : [])
}

export interface SofthsmFolder {
  readonly module: string
  readonly environment: Readonly<Record<string, string>>
  addToken(label: string, pin?: string): void
  remove(): void
}

export const SOFTHSM_PIN = '648219'
export const SOFTHSM_SO_PIN = '73518264'

/** A private SoftHSM2 store; sets SOFTHSM2_CONF and HSM_ENROLL_TEST_DEVICE_LOCKS for this process until `remove`. */
export function softhsmFolder(): SofthsmFolder {
  if (SOFTHSM_MODULE === undefined) throw new Error('libsofthsm2.so is missing')
  const folder = mkdtempSync(join(tmpdir(), 'softhsm-'))
  mkdirSync(join(folder, 'tokens'))
  mkdirSync(join(folder, 'run'), { mode: 0o700 })
  const configuration = join(folder, 'softhsm2.conf')
  writeFileSync(
    configuration,
    `directories.tokendir = ${join(folder, 'tokens')}\nobjectstore.backend = file\nlog.level = ERROR\n`,
  )
  const environment = { SOFTHSM2_CONF: configuration, HSM_ENROLL_TEST_DEVICE_LOCKS: join(folder, 'run') }
  const before = Object.fromEntries(Object.keys(environment).map((name) => [name, process.env[name]]))
  Object.assign(process.env, environment)
  return {
    module: SOFTHSM_MODULE,
    environment,
    addToken: (label, pin = SOFTHSM_PIN) => {
      execFileSync(
        'softhsm2-util',
        ['--init-token', '--free', '--label', label, '--so-pin', SOFTHSM_SO_PIN, '--pin', pin],
        { stdio: 'pipe' },
      )
    },
    remove: () => {
      for (const [name, value] of Object.entries(before)) {
        if (value === undefined) delete process.env[name]
        else process.env[name] = value
      }
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
