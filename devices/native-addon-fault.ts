import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export interface AddonPackages {
  /** As a sentence calls it. */
  readonly what: string
  /** The package with the binary. */
  readonly builds: string
  /** What building it takes. */
  readonly needs: string
}

/**
 * Why an addon does not load: what Node.js and the system's loader (glibc, musl, macOS, Windows) say of it, the first match counts.
 * `missing`: a package has to be installed before anything can be built.
 */
// biome-ignore format: a table
const REASONS: readonly { readonly words: RegExp; readonly says: string; readonly missing?: true }[] = [
  { words: /Failed to find binding|Cannot find module '[^']*\.node'/, says: 'is installed, but its binary was not built' },
  { words: /Cannot find (?:package|module)/, says: 'is not installed', missing: true },
  { words: /NODE_MODULE_VERSION|did not self-register|N(?:ode)?-API version/i, says: 'was built for another version of Node.js' },
  { words: /file too short|truncated/i, says: 'is damaged' },
  // glibc says of a file for another processor that there is none.
  { words: /\.node: cannot open shared object|wrong ELF class|invalid ELF header|incompatible architecture|not a mach-o|not a valid Win32|Exec format/i, says: 'was built for another system or processor' },
  { words: /undefined symbol|symbol not found|version [`'][^']*' not found|procedure could not be found/i, says: 'was built against libraries other than those of this system' },
  { words: /cannot open shared object|Error loading shared library|Library not loaded|module could not be found/i, says: 'needs a library that this system does not have' },
]

/** One line of cause, with the loader's own words, and one of what to run where this program is installed. */
export function addonFault(
  { what, builds, needs }: AddonPackages,
  cause: unknown,
  here = import.meta.url,
): { readonly message: string; readonly remedy: string } {
  const words = (cause instanceof Error ? cause.message : String(cause)).split('\n', 1)[0]?.slice(0, 300) ?? ''
  const { says = 'does not load', missing = false } = REASONS.find((reason) => reason.words.test(words)) ?? {}
  return {
    message: `Could not load the ${what}: ${builds} ${says} (${words.replace(/\.$/, '')}).`,
    remedy: `With ${needs} on this host, run: ${commandFor(builds, missing, placeOf(here))}`,
  }
}

type Place =
  | { readonly kind: 'global'; readonly prefix: string; readonly folder: string }
  /** A project that uses the package, a clone, or the unpacked package. */
  | { readonly kind: 'folder'; readonly folder: string; readonly allows: (name: string) => boolean }

/** How the package that holds `file` (a URL) is installed: npm keeps the global packages in a folder beside no package.json. */
function placeOf(file: string): Place {
  const own = nearestPackage(dirname(fileURLToPath(file)))
  const above = [dirname(own), dirname(dirname(own))].find((folder) => basename(folder) === 'node_modules')
  if (above === undefined) return folderPlace(own)
  const user = dirname(above)
  if (existsSync(join(user, 'package.json'))) return folderPlace(user)
  return { kind: 'global', prefix: basename(user) === 'lib' ? dirname(user) : user, folder: own }
}

/** The manifest of `dist/cli` only says how Node.js loads it. */
function nearestPackage(folder: string): string {
  const above = dirname(folder)
  const isPackage = existsSync(join(folder, 'package.json')) && basename(folder) !== 'cli'
  return isPackage || above === folder ? folder : nearestPackage(above)
}

function folderPlace(folder: string): Place {
  return {
    kind: 'folder',
    folder,
    allows: (name) => {
      try {
        return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).allowScripts?.[name] === true
      } catch {
        return false
      }
    },
  }
}

/**
 * What builds the package with npm 10, 11 and 12 alike, each tried. npm 12 runs no install script that is not allowed: by a flag in a
 * global install, by package.json elsewhere, where it refuses that flag. `rebuild` builds nothing that is not there. A user's
 * `ignore-scripts=true` would make every one of these commands do nothing.
 */
function commandFor(name: string, missing: boolean, place: Place): string {
  const at = `npm --prefix ${quoted(place.folder)}`
  const RUN_SCRIPTS = '--ignore-scripts=false'
  if (place.kind === 'global') {
    return missing
      ? `${at} install --no-package-lock --omit=dev --include=optional ${RUN_SCRIPTS}`
      : `npm rebuild --global --prefix ${quoted(place.prefix)} ${RUN_SCRIPTS} --allow-scripts=${name} ${name}`
  }
  const allow = place.allows(name) ? '' : `${at} pkg set allowScripts.${name}=true --json && `
  return `${allow}${at} ${missing ? `install --include=optional ${RUN_SCRIPTS}` : `rebuild ${RUN_SCRIPTS} ${name}`}`
}

/** For a shell. */
function quoted(path: string): string {
  if (/^[\w@%+:,./\\-]+$/.test(path)) return path
  return process.platform === 'win32' ? `"${path}"` : `'${path.replaceAll("'", `'\\''`)}'`
}
