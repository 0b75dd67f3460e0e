import { homedir } from 'node:os'
import { join } from 'node:path'

/** As Node.js finds it, without the built-in that says more of the system: nearly every command asks. */
const home = (): string => (process.platform !== 'win32' && process.env.HOME) || homedir()

type Environment = Readonly<Record<string, string | undefined>>

/** The first directory that systemd made for the unit (systemd.exec(5): `StateDirectory=` and its like); undefined outside of one. */
const fromSystemd = (list: string | undefined): string | undefined =>
  list?.split(':').find((directory) => directory.startsWith('/'))

/** What systemd says, then XDG base directories, and their Windows and macOS equivalents where XDG is not set. */
export function stateDirectory(env: Environment = process.env): string {
  const given = fromSystemd(env.STATE_DIRECTORY)
  if (given !== undefined) return given
  if (env.XDG_STATE_HOME) return join(env.XDG_STATE_HOME, 'hsm-enroll')
  if (process.platform === 'win32' && env.LOCALAPPDATA) return join(env.LOCALAPPDATA, 'hsm-enroll')
  return join(home(), '.local', 'state', 'hsm-enroll')
}

export function userConfigDirectory(env: Environment = process.env): string {
  const given = fromSystemd(env.CONFIGURATION_DIRECTORY)
  if (given !== undefined) return given
  if (env.XDG_CONFIG_HOME) return join(env.XDG_CONFIG_HOME, 'hsm-enroll')
  if (process.platform === 'win32' && env.APPDATA) return join(env.APPDATA, 'hsm-enroll')
  return join(home(), '.config', 'hsm-enroll')
}

export const SYSTEM_CONFIG_DIRECTORY = process.platform === 'win32' ? 'C:\\ProgramData\\hsm-enroll' : '/etc/hsm-enroll'
