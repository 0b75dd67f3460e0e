import type { Module } from 'graphene-pk11'
import { DeviceError } from '../device-error.ts'
import { loadNativeAddon } from '../native-addon.ts'
import { CKF_OS_LOCKING_OK } from './pkcs11-constants.ts'
import { pkcs11Error, returnCodeOf } from './pkcs11-error.ts'

/** The calls of a loaded module, as the addon gives them. */
export type CryptokiLibrary = Module['lib']

export interface LoadedModule {
  readonly path: string
  readonly library: CryptokiLibrary
  /** `SoftHSM 2.6`: manufacturer or description and version, for `doctor`. */
  readonly description: string
  readonly version: { readonly major: number; readonly minor: number }
  /** Gives it back; the last one shuts the module down. */
  release(): void
}

interface Entry {
  readonly loaded: Omit<LoadedModule, 'release'>
  /** False where someone else in this process had it initialised: then it is not ours to shut down. */
  readonly ours: boolean
  users: number
}

const CKR_CRYPTOKI_ALREADY_INITIALIZED = 0x191
/** Answers of modules that want no locking flag; they are asked again without it. */
const NO_LOCKING = new Set([0x07, 0x09, 0x0a])

const loadedModules = new Map<string, Entry>()

/**
 * Loads and initialises a PKCS#11 module; a path in use is shared. Loading runs the vendor's code in this process, so
 * whatever must survive a crash has to be on disk before. Throws DeviceError `device.module`.
 */
export async function loadModule(path: string): Promise<LoadedModule> {
  const addon = await loadNativeAddon('graphene-pk11')
  // p11-kit-client.so reads its server's address when it is loaded, so another address is another module.
  const key = `${path}\0${process.env.P11_KIT_SERVER_ADDRESS ?? ''}`
  let entry = loadedModules.get(key)
  if (entry === undefined) {
    entry = start(addon, path)
    loadedModules.set(key, entry)
  }
  const held = entry
  held.users++
  let released = false
  return {
    ...held.loaded,
    release: () => {
      if (released) return
      released = true
      held.users--
      if (held.users > 0) return
      loadedModules.delete(key)
      if (held.ours) finalize(held.loaded.library)
    },
  }
}

function start(addon: typeof import('graphene-pk11'), path: string): Entry {
  let library: CryptokiLibrary
  try {
    library = addon.Module.load(path).lib
  } catch (cause) {
    throw new DeviceError('device.module', `Could not load the PKCS#11 module ${path}: ${firstLine(cause)}.`, {
      remedy:
        'Check that the file is a PKCS#11 module for this processor and that the libraries it needs are installed (ldd).',
      cause,
    })
  }
  const ours = initialize(library, path)
  const info = readInfo(library, path, ours)
  return {
    loaded: {
      path,
      library,
      description: `${info.libraryDescription.trim() || info.manufacturerID.trim()} ${info.libraryVersion.major}.${info.libraryVersion.minor}`,
      version: info.libraryVersion,
    },
    ours,
    users: 0,
  }
}

/** False where it was initialised already. */
function initialize(library: CryptokiLibrary, path: string): boolean {
  for (const flags of [CKF_OS_LOCKING_OK, 0]) {
    try {
      library.C_Initialize({ flags })
      return true
    } catch (cause) {
      const rv = returnCodeOf(cause)
      if (rv === CKR_CRYPTOKI_ALREADY_INITIALIZED) return false
      if (rv !== undefined && NO_LOCKING.has(rv) && flags !== 0) continue
      throw notStarted('C_Initialize', path, cause)
    }
  }
  throw new DeviceError('device.module', `Could not initialise the module ${path}.`, {
    remedy: 'Use a newer version of it.',
  })
}

function readInfo(library: CryptokiLibrary, path: string, ours: boolean): ReturnType<CryptokiLibrary['C_GetInfo']> {
  try {
    return library.C_GetInfo()
  } catch (cause) {
    if (ours) finalize(library)
    throw notStarted('C_GetInfo', path, cause)
  }
}

function notStarted(call: string, path: string, cause: unknown): DeviceError {
  const rv = returnCodeOf(cause)
  const { message, vendorCode } =
    rv === undefined
      ? { message: `Could not finish ${call} on module ${path}: ${firstLine(cause)}.`, vendorCode: undefined }
      : pkcs11Error(call, rv, `module ${path}`, cause)
  return new DeviceError('device.module', message, {
    remedy:
      "Check that the vendor's service is running and that this user can reach it (group, socket, configuration file).",
    cause,
    vendorCode,
  })
}

function finalize(library: CryptokiLibrary): void {
  try {
    library.C_Finalize()
  } catch {
    // The device or its service is gone; there is nothing left to give back.
  }
}

const firstLine = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).split('\n', 1)[0]?.slice(0, 200) ?? ''
