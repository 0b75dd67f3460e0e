import type { OpenOptions, SettingDefinition } from '../device.ts'
import { DeviceError } from '../device-error.ts'
import { type DeviceLock, lockDevice } from '../lock/device-lock.ts'
import { SettingReader } from '../setting-reader.ts'
import { Cryptoki } from './cryptoki.ts'
import { describeModule, type FoundModule, findModule } from './find-module.ts'
import { chooseToken, listTokens, type TokenSlot } from './list-tokens.ts'
import { type LoadedModule, loadModule } from './load-module.ts'
import { pinSourcePath, withPinSource } from './pin-source.ts'
import { type TokenDescription, tokenName } from './token-description.ts'
import { isOfFamily, type TokenFamily } from './token-family.ts'
import { TokenMechanisms } from './token-mechanisms.ts'
import { type Role, TokenSession } from './token-session.ts'
import { readTokenUri, type TokenQuery } from './token-uri.ts'

/** A token chosen, locked and ready for its one session. */
export interface OpenedToken {
  readonly family: TokenFamily
  readonly query: TokenQuery
  readonly settings: SettingReader
  readonly options: OpenOptions
  readonly found: FoundModule
  readonly module: LoadedModule
  readonly cryptoki: Cryptoki
  readonly slot: TokenSlot
  /** Every token that the module shows. */
  readonly tokens: readonly TokenDescription[]
  readonly session: TokenSession
  readonly mechanisms: TokenMechanisms
  readonly lock: DeviceLock
}

/** SettingReader that every PKCS#11 family knows. */
export const MODULE_SETTING: SettingDefinition = {
  name: 'module',
  type: 'string',
  description: 'Absolute path of the PKCS#11 module. Default: found in the usual places.',
}

/** URI and settings, read before anything is asked. Throws DeviceError `device.uri`, `device.settings`. */
export function readTokenSettings(
  family: TokenFamily,
  uri: string,
  given: OpenOptions['settings'],
): { readonly settings: SettingReader; readonly query: TokenQuery } {
  const settings = new SettingReader(family.settings, given)
  const query = readTokenUri(uri, family.uriAttributes)
  if (query.pinSource !== undefined) pinSourcePath(query.pinSource)
  return { settings, query }
}

export interface OpenTokenHooks {
  /** Who signs and sees private keys, where that is not the plain user. */
  readonly userRole?: (settings: SettingReader) => Role
  /** The PIN counter past PKCS#11, where the family can read it. */
  readonly readTriesLeft?: (token: TokenSlot['token'], settings: SettingReader) => Promise<number | undefined>
}

/**
 * Finds and loads the module, chooses the one token that the URI names, takes its lock, and has the family build its device
 * of them. No session is opened yet. Throws DeviceError; nothing is left open then.
 */
export async function openToken<Opened>(
  family: TokenFamily,
  uri: string,
  options: OpenOptions,
  hooks: OpenTokenHooks,
  build: (opened: OpenedToken) => Opened,
): Promise<Opened> {
  const { settings, query } = readTokenSettings(family, uri, options.settings)
  const found = findModule(family.search, {
    explicit: query.modulePath ?? settings.text('module'),
    name: query.moduleName,
  })
  options.onTrace?.({ call: 'module', detail: `${found.path} from ${found.origin}` })
  // Even a look at a token can reset it under another process's session: one that the URI names by its serial number is locked first.
  const serial = query.serial?.trim() ?? ''
  let lock =
    serial === ''
      ? undefined
      : await lockDevice([family.hsmType, serial], `${family.vendor} token with serial ${serial}`, options)
  let module: LoadedModule | undefined
  try {
    module = await loadModule(found.path)
    const cryptoki = new Cryptoki(module.library, `module ${describeModule(found)}`, {
      onTrace: options.onTrace,
      signal: options.signal,
      goneCodes: family.goneCodes,
      returnCodes: family.returnCodes,
    })
    // `pkcs11:` takes the user's word for what it names; the family's own scheme never gives a PIN to another vendor's token.
    const isOurs = (token: TokenDescription): boolean => uri.startsWith('pkcs11:') || isOfFamily(family, token)
    const slots = tokensOf(family, cryptoki)
    const slot = chooseToken(slots, query, uri, describeModule(found), isOurs)
    cryptoki.subject = `${family.vendor} ${tokenName(slot.token)}`
    cryptoki.slot = slot.handle
    lock ??= await lockDevice(lockIdentity(family, slot, found.path), cryptoki.subject, options)
    const known = slot.token.serial === '' ? undefined : slot.token.serial
    await options.guard?.chosen({ hsmType: family.hsmType, serial: known, subject: cryptoki.subject })
    const readTriesLeft = hooks.readTriesLeft
    const session = new TokenSession(cryptoki, slot, {
      secret: withPinSource(query.pinSource, options.secret),
      onProgress: options.onProgress,
      guard: options.guard,
      userRole: hooks.userRole?.(settings),
      readTriesLeft: readTriesLeft === undefined ? undefined : () => readTriesLeft(slot.token, settings),
    })
    const mechanisms = new TokenMechanisms(cryptoki, slot.handle)
    const tokens = slots.map(({ token }) => token)
    return build({ family, query, settings, options, found, module, cryptoki, slot, tokens, session, mechanisms, lock })
  } catch (error) {
    module?.release()
    lock?.release()
    throw error
  }
}

/** The same token by any URI scheme and any module or version of it has the same identity, where it tells a serial number. */
function lockIdentity({ hsmType }: TokenFamily, { token }: TokenSlot, modulePath: string): readonly string[] {
  return token.serial === '' ? [hsmType, modulePath, String(token.slotId)] : [hsmType, token.serial]
}

/** Before a token is chosen, a fault is one of the service behind the module. */
export function tokensOf(family: TokenFamily, cryptoki: Cryptoki, trail?: string[]): readonly TokenSlot[] {
  try {
    return listTokens(cryptoki, trail)
  } catch (error) {
    if (!(error instanceof DeviceError) || error.code !== 'device.unreachable' || family.serviceRemedy === undefined)
      throw error
    throw new DeviceError(error.code, error.message, {
      remedy: family.serviceRemedy,
      cause: error,
      vendorCode: error.vendorCode,
    })
  }
}
