import { existsSync } from 'node:fs'
import { lstat, mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { DeviceError } from '../device-error.ts'
import { lastLine, runVendorTool } from '../pkcs11/run-vendor-tool.ts'
import { readAttribute } from '../pkcs11/token-objects.ts'
import type { TokenSession } from '../pkcs11/token-session.ts'
import { NSHIELD_CKA } from './nshield-constants.ts'

/** Names the key's file in the Security World: the two arguments of `nfkmattest bundle`. */
export interface KeyIdent {
  readonly appname: string
  readonly ident: string
}

const MAX_BUNDLE_BYTES = 256 * 1024
const USUAL_TOOL = '/opt/nfast/bin/nfkmattest'
const ON_PATH = ['nfkmattest', 'nfkmattest.exe']
/** They become arguments of a program: letters, digits, dash, underscore, never a leading dash. */
const ARGUMENT = /^[a-z0-9][a-z0-9_-]{0,127}$/i

/** Undefined where the module does not know the attributes (it is no nShield, or a very old one). */
export function readKeyIdent(session: TokenSession, privateKey: Buffer): KeyIdent | undefined {
  const text = (type: number): string | undefined =>
    readAttribute(session, privateKey, type)?.toString('latin1').replace(/\0+$/, '')
  const appname = text(NSHIELD_CKA.NFKM_APPNAME)
  const ident = text(NSHIELD_CKA.NFKM_ID)
  if (appname === undefined || ident === undefined) return undefined
  if (ARGUMENT.test(appname) && ARGUMENT.test(ident)) return { appname, ident }
  throw new DeviceError(
    'device.protocol',
    `Could not attest a key on ${session.cryptoki.subject}: the module returns no usable key ident.`,
    {
      remedy: 'Find the key with nfkminfo -k and run nfkmattest bundle yourself.',
    },
  )
}

export interface BundleOptions {
  readonly nfkmattest: string | undefined
  readonly warrants: string | undefined
  readonly signal: AbortSignal | undefined
}

/** The program that bundles: the one of the settings, Entrust's usual place, or the first on PATH; undefined where there is none. */
export function findNfkmattest(setting: string | undefined, path = process.env.PATH ?? ''): string | undefined {
  const onPath = path.split(delimiter).flatMap((folder) => ON_PATH.map((name) => join(folder, name)))
  return (setting === undefined ? [USUAL_TOOL, ...onPath] : [setting]).find((each) => existsSync(each))
}

/** `nfkmattest bundle`: the JSON of the `.att` file. Throws DeviceError `key.not-attestable` with the tool's own last word. */
export async function bundleAttestation(key: KeyIdent, options: BundleOptions, location: string): Promise<Uint8Array> {
  const tool = findNfkmattest(options.nfkmattest) ?? options.nfkmattest ?? 'nfkmattest'
  await removeLeftovers()
  const folder = await mkdtemp(join(tmpdir(), PREFIX))
  try {
    const file = join(folder, 'bundle.att')
    const warrants = options.warrants === undefined ? [] : ['--warrants', options.warrants]
    const { exitCode, output } = await runVendorTool(
      tool,
      ['bundle', '--output', file, ...warrants, key.appname, key.ident],
      { signal: options.signal },
    )
    const bundle = exitCode === 0 ? await readBundle(file) : undefined
    if (bundle !== undefined) return bundle
    throw notBundled(location, key, output)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const PREFIX = 'hsm-enroll-att-'
const HOUR = 3_600_000

/** What a process left that was killed at this place: this user's, and older than any bundling takes. */
async function removeLeftovers(): Promise<void> {
  for (const name of await readdir(tmpdir()).catch((): string[] => [])) {
    if (!name.startsWith(PREFIX)) continue
    const folder = join(tmpdir(), name)
    const status = await lstat(folder).catch(() => undefined)
    if (status?.isDirectory() !== true || status.uid !== process.getuid?.()) continue
    if (Date.now() - status.mtimeMs > HOUR) await rm(folder, { recursive: true, force: true })
  }
}

async function readBundle(path: string): Promise<Uint8Array | undefined> {
  try {
    if ((await stat(path)).size > MAX_BUNDLE_BYTES) return undefined
    const bytes = await readFile(path)
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    return typeof value === 'object' && value !== null && 'pubkeydata' in value ? Uint8Array.from(bytes) : undefined
  } catch {
    return undefined
  }
}

function notBundled(location: string, { appname, ident }: KeyIdent, output: string): DeviceError {
  const warrant = /warrant/i.test(output)
  return new DeviceError(
    'key.not-attestable',
    `Could not attest ${location} (${appname} ${ident}): nfkmattest created no bundle: ${lastLine(output)}.`,
    {
      remedy: warrant
        ? "The module's KLF2 warrant is missing: get it from Entrust for its ESN, put it into /opt/nfast/kmdata/warrants (or set its folder with the setting warrants), then resume; the key remains valid."
        : 'Check that the key was generated in this Security World with its key generation certificate (imported and re-targeted keys cannot be attested), then run nfkmattest bundle yourself.',
    },
  )
}
