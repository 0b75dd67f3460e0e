import { readdirSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, isAbsolute, join } from 'node:path'

/** Where p11-kit reads its entries (pkcs11.conf(5)), the user's own first. */
const CONFIG_FOLDERS = [
  join(homedir(), '.config/pkcs11/modules'),
  '/etc/pkcs11/modules',
  '/usr/share/p11-kit/modules',
  '/usr/local/share/p11-kit/modules',
  '/opt/homebrew/share/p11-kit/modules',
]

/** Where p11-kit looks for a module that is named without a path; one per build of p11-kit. */
const MODULE_FOLDERS = [
  '/usr/lib/x86_64-linux-gnu/pkcs11',
  '/usr/lib/aarch64-linux-gnu/pkcs11',
  '/usr/lib64/pkcs11',
  '/usr/lib/pkcs11',
  '/usr/local/lib/pkcs11',
  '/opt/homebrew/lib/pkcs11',
]

const MAX_ENTRIES = 100
const MAX_BYTES = 64 * 1024

export interface P11KitModule {
  /** The file that names the module. */
  readonly config: string
  readonly path: string
}

/** Every `module:` line of the p11-kit entries; unreadable folders and files are passed over. */
export function readP11KitModules(folders: readonly string[] = CONFIG_FOLDERS): readonly P11KitModule[] {
  return folders.flatMap((folder) =>
    entriesOf(folder).flatMap((config): P11KitModule[] => {
      const name = moduleLine(config)
      if (name === undefined) return []
      if (isAbsolute(name)) return [{ config, path: name }]
      return MODULE_FOLDERS.map((parent) => ({ config, path: join(parent, basename(name)) }))
    }),
  )
}

function entriesOf(folder: string): readonly string[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith('.module'))
    return names
      .sort()
      .slice(0, MAX_ENTRIES)
      .map((name) => join(folder, name))
  } catch {
    return []
  }
}

function moduleLine(config: string): string | undefined {
  try {
    return /^\s*module\s*:\s*(\S.*?)\s*$/m.exec(readFileSync(config, 'utf8').slice(0, MAX_BYTES))?.[1]
  } catch {
    return undefined
  }
}
