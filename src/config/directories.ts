import { homedir } from 'node:os'
import { join } from 'node:path'

type Environment = Readonly<Record<string, string | undefined>>

/** XDG base directories, and their Windows and macOS equivalents where XDG is not set. */
export function stateDirectory(env: Environment = process.env): string {
  if (env.XDG_STATE_HOME) return join(env.XDG_STATE_HOME, 'hsm-enroll')
  if (process.platform === 'win32' && env.LOCALAPPDATA) return join(env.LOCALAPPDATA, 'hsm-enroll')
  return join(homedir(), '.local', 'state', 'hsm-enroll')
}

export function userConfigDirectory(env: Environment = process.env): string {
  if (env.XDG_CONFIG_HOME) return join(env.XDG_CONFIG_HOME, 'hsm-enroll')
  if (process.platform === 'win32' && env.APPDATA) return join(env.APPDATA, 'hsm-enroll')
  return join(homedir(), '.config', 'hsm-enroll')
}

export const SYSTEM_CONFIG_DIRECTORY = process.platform === 'win32' ? 'C:\\ProgramData\\hsm-enroll' : '/etc/hsm-enroll'
