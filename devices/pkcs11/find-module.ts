import { existsSync, realpathSync, statSync } from 'node:fs'
import { basename, isAbsolute } from 'node:path'
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

const OWN_VARIABLE = 'HSM_ENROLL_PKCS11_MODULE'
/** What OpenSC, libp11, step, jsign and others read, too: they may lead to another vendor's module. */
const SHARED_VARIABLES = ['PKCS11_MODULE', 'PKCS11_MODULE_PATH'] as const
const MODULE_ENVIRONMENT = [OWN_VARIABLE, ...SHARED_VARIABLES] as const

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
  /** URI `module-name` (RFC 7512, 2.4): the file name of the module without folder, `lib` and suffix. */
  readonly name?: string | undefined
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** Collects the lines of the trail as they come, for who wants them even when nothing is found. */
  readonly trail?: string[]
  /** Folders of p11-kit entries; the system's and the user's own where absent. */
  readonly p11KitFolders?: readonly string[]
}

const isFile = (path: string): boolean => existsSync(path) && statSync(path).isFile()

/**
 * Explicit > environment > p11-kit > the vendor's usual paths. A path that was named (explicit or environment) and is not
 * there is an error, never passed over: another module than the one that was meant must not get the PIN. Only a variable that
 * other programs share gives way to the vendor's own module, where the file that it names is not this vendor's by its name.
 * Throws DeviceError `device.module` with the trail.
 */
export function findModule(search: ModuleSearch, input: ModuleSearchInput): FoundModule {
  const trail = input.trail ?? []
  if (input.explicit === undefined && input.name !== undefined) return byName(search, input, input.name, trail)
  const named = namedModule(input)
  if (named === undefined) trail.push(`environment: none of ${MODULE_ENVIRONMENT.join(', ')} is set`)
  const foreign = named?.shared === true && !isNamedFor(search, named.path)
  if (named !== undefined && !foreign) return take(named.path, named.origin, trail) ?? notFound(search, trail)
  if (named !== undefined) trail.push(`${named.origin}: ${named.path} (not a module for ${search.vendor} by its name)`)
  const own = vendorModule(search, input.p11KitFolders, trail)
  if (own !== undefined) return own
  return (named === undefined ? undefined : take(named.path, named.origin, trail)) ?? notFound(search, trail)
}

/** Only a module of this very name, wherever this program looks for modules. */
function byName(search: ModuleSearch, input: ModuleSearchInput, name: string, trail: string[]): FoundModule {
  const wanted = plainName(name)
  const variable = namedModule(input)
  const places = [
    ...(variable === undefined ? [] : [variable]),
    ...readP11KitModules(input.p11KitFolders).map(({ path, config }) => ({ path, origin: `p11-kit (${config})` })),
    ...search.paths.filter(isAbsolute).map((path) => ({ path, origin: 'usual path' })),
  ]
  for (const { path, origin } of places.filter((place) => plainName(basename(place.path)) === wanted)) {
    const found = take(path, origin, trail)
    if (found !== undefined) return found
  }
  trail.push(`module-name=${name.slice(0, 60)}: no p11-kit entry, variable or usual path of that name`)
  return notFound(search, trail)
}

/** `ykcs11` of `libykcs11.so.2`, `libykcs11.dylib` and `ykcs11.dll`. */
const plainName = (file: string): string => file.replace(/\.(so(\.\d+)*|dylib|dll)$/i, '').replace(/^lib/, '')

function vendorModule(
  search: ModuleSearch,
  p11KitFolders: readonly string[] | undefined,
  trail: string[],
): FoundModule | undefined {
  for (const entry of readP11KitModules(p11KitFolders)) {
    if (!search.fileName.test(entry.path)) continue
    const found = take(entry.path, `p11-kit (${entry.config})`, trail)
    if (found !== undefined) return found
  }
  // A table serves all platforms; a drive letter means nothing here, and a slash nothing there.
  for (const path of search.paths.filter(isAbsolute)) {
    const found = take(path, 'usual path', trail)
    if (found !== undefined) return found
  }
  return undefined
}

function take(path: string, origin: string, trail: string[]): FoundModule | undefined {
  const there = isAbsolute(path) && isFile(path)
  trail.push(`${origin}: ${path}${there ? '' : isAbsolute(path) ? ' (no such file)' : ' (not an absolute path)'}`)
  return there ? { path, origin, trail } : undefined
}

/** By its own name, or by that of the file that a link leads to. */
function isNamedFor({ fileName }: ModuleSearch, path: string): boolean {
  if (fileName.test(basename(path))) return true
  try {
    return fileName.test(basename(realpathSync(path)))
  } catch {
    return false
  }
}

/** The module as messages name it, with the variable that led to it. */
export const describeModule = ({ path, origin }: FoundModule): string =>
  MODULE_ENVIRONMENT.some((name) => name === origin) ? `${path} (from ${origin})` : path

function namedModule(
  input: ModuleSearchInput,
): { readonly path: string; readonly origin: string; readonly shared?: boolean } | undefined {
  if (input.explicit !== undefined) return { path: input.explicit, origin: 'URI or setting' }
  const environment = input.environment ?? process.env
  for (const name of MODULE_ENVIRONMENT) {
    const path = environment[name]
    if (path !== undefined && path !== '') return { path, origin: name, shared: name !== OWN_VARIABLE }
  }
  return undefined
}

function notFound(search: ModuleSearch, trail: readonly string[]): never {
  throw new DeviceError(
    'device.module',
    `Could not find the PKCS#11 module for ${search.vendor}. Looked at: ${trail.join('; ')}.`,
    { remedy: `${search.install} Or specify the module with the setting "module" or ?module-path= in the URI.` },
  )
}
