import { existsSync, statSync } from 'node:fs'
import { isAbsolute } from 'node:path'
import { DeviceError } from '../device-error.ts'
import { readP11KitModules } from './p11-kit-modules.ts'

/** Where one vendor's PKCS#11 module may be found, as data. */
export interface ModuleSearch {
  /** For messages: "YubiKey". */
  readonly vendor: string
  /** Which p11-kit entries are this vendor's: matched against the module's file name. */
  readonly fileName: RegExp
  /** Absolute paths of the vendor's own packages, most usual first. */
  readonly paths: readonly string[]
  /** What to install where nothing is found. */
  readonly install: string
}

/** Environment variables that name a module for every vendor, strongest first. */
const MODULE_ENVIRONMENT = ['HSM_ENROLL_PKCS11_MODULE', 'PKCS11_MODULE', 'PKCS11_MODULE_PATH'] as const

export interface FoundModule {
  readonly path: string
  /** Where the path comes from: "setting", "PKCS11_MODULE", "p11-kit (/etc/pkcs11/modules/x.module)", "usual path". */
  readonly origin: string
  /** One line per place looked at, in order. */
  readonly trail: readonly string[]
}

export interface ModuleSearchInput {
  /** URI `module-path`, or the setting `module`. */
  readonly explicit?: string | undefined
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** Collects the lines of the trail as they come, for who wants them even when nothing is found. */
  readonly trail?: string[]
  /** Folders of p11-kit entries; the system's and the user's own where absent. */
  readonly p11KitFolders?: readonly string[]
}

const isFile = (path: string): boolean => existsSync(path) && statSync(path).isFile()

/**
 * Explicit > environment > p11-kit > the vendor's usual paths. A path that was named (explicit or environment) and is not
 * there is an error, never passed over: another module than the one that was meant must not get the PIN.
 * Throws DeviceError `device.module` with the trail.
 */
export function findModule(search: ModuleSearch, input: ModuleSearchInput): FoundModule {
  const trail = input.trail ?? []
  const take = (path: string, origin: string): FoundModule | undefined => {
    const there = isAbsolute(path) && isFile(path)
    trail.push(`${origin}: ${path}${there ? '' : isAbsolute(path) ? ' (no such file)' : ' (not an absolute path)'}`)
    return there ? { path, origin, trail } : undefined
  }
  const named = namedModule(input)
  if (named !== undefined) {
    const found = take(named.path, named.origin)
    if (found === undefined) throw notFound(search, trail)
    return found
  }
  trail.push(`environment: none of ${MODULE_ENVIRONMENT.join(', ')} is set`)
  for (const entry of readP11KitModules(input.p11KitFolders)) {
    if (!search.fileName.test(entry.path)) continue
    const found = take(entry.path, `p11-kit (${entry.config})`)
    if (found !== undefined) return found
  }
  // A table serves all platforms; a drive letter means nothing here, and a slash nothing there.
  for (const path of search.paths.filter(isAbsolute)) {
    const found = take(path, 'usual path')
    if (found !== undefined) return found
  }
  throw notFound(search, trail)
}

function namedModule(input: ModuleSearchInput): { readonly path: string; readonly origin: string } | undefined {
  if (input.explicit !== undefined) return { path: input.explicit, origin: 'URI or setting' }
  const environment = input.environment ?? process.env
  for (const name of MODULE_ENVIRONMENT) {
    const path = environment[name]
    if (path !== undefined && path !== '') return { path, origin: name }
  }
  return undefined
}

function notFound(search: ModuleSearch, trail: readonly string[]): DeviceError {
  return new DeviceError(
    'device.module',
    `Could not find the PKCS#11 module for ${search.vendor}. Looked at: ${trail.join('; ')}.`,
    { remedy: `${search.install} Or specify the module with the setting "module" or ?module-path= in the URI.` },
  )
}
