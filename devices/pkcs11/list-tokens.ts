import { DeviceError } from '../device-error.ts'
import type { Cryptoki } from './cryptoki.ts'
import { hasFlag, type TokenDescription, tokenName } from './token-description.ts'
import { matchesToken, type TokenQuery } from './token-uri.ts'

export interface TokenSlot {
  /** The CK_SLOT_ID as the addon wants it. */
  readonly handle: Buffer
  readonly token: TokenDescription
}

const MAX_SLOTS = 1024

/** A CK_ULONG of this platform (4 bytes on Windows, 8 elsewhere), little-endian on every platform Node runs on here. */
export function readUlong(bytes: Uint8Array): number {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  return view.length >= 8 ? Number(view.readBigUInt64LE()) : view.readUInt32LE()
}

const text = (padded: string): string => padded.replace(/[\0\s]+$/u, '')

/** CK_UNAVAILABLE_INFORMATION is all ones, of 32 or 64 bits; a total of 0 is no answer either (PKCS#11 2.40, 3.4). */
const UNAVAILABLE = 0xffff_ffff

const knownMemory = (total: number, free: number): number | undefined =>
  total > 0 && total < UNAVAILABLE && free >= 0 && free <= total ? free : undefined

export function readToken(cryptoki: Cryptoki, handle: Buffer): TokenDescription {
  const slotId = readUlong(handle)
  const slot = cryptoki.run('C_GetSlotInfo', `slot ${slotId}`, (library) => library.C_GetSlotInfo(handle))
  const info = cryptoki.run('C_GetTokenInfo', `slot ${slotId}`, (library) => library.C_GetTokenInfo(handle))
  return {
    slotId,
    slotDescription: text(slot.slotDescription),
    label: text(info.label),
    manufacturer: text(info.manufacturerID),
    model: text(info.model),
    serial: text(info.serialNumber),
    flags: info.flags,
    minPinLength: info.minPinLen,
    maxPinLength: info.maxPinLen,
    freeMemory: {
      private: knownMemory(info.totalPrivateMemory, info.freePrivateMemory),
      public: knownMemory(info.totalPublicMemory, info.freePublicMemory),
    },
    hardwareVersion: `${info.hardwareVersion.major}.${info.hardwareVersion.minor}`,
    firmware: info.firmwareVersion,
  }
}

/** Every slot that holds a token. A slot whose token goes away meanwhile, or cannot be read, is passed over and named in the trail. */
export function listTokens(cryptoki: Cryptoki, trail: string[] = []): readonly TokenSlot[] {
  const handles = cryptoki.run('C_GetSlotList', 'with a token', (library) => library.C_GetSlotList(true))
  return handles.slice(0, MAX_SLOTS).flatMap((handle): TokenSlot[] => {
    try {
      return [{ handle, token: readToken(cryptoki, handle) }]
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error
      trail.push(`slot ${readUlong(handle)}: ${error.message}`)
      return []
    }
  })
}

const list = (slots: readonly TokenSlot[]): string =>
  slots
    .map(
      ({ token }) =>
        `${tokenName(token)}${token.model === '' ? '' : `, model ${token.model}`}, slot-id ${token.slotId}`,
    )
    .join('; ')

/**
 * The one token that the query names, among those that `isOurs` lets pass. Tokens that are not initialised are never chosen by default.
 * Throws DeviceError `device.not-found` (with what is there) or `device.ambiguous` (with what matched).
 */
export function chooseToken(
  slots: readonly TokenSlot[],
  query: TokenQuery,
  uri: string,
  modulePath: string,
  isOurs: (token: TokenDescription) => boolean = () => true,
): TokenSlot {
  const matching = slots.filter(({ token }) => matchesToken(query, token) && isOurs(token))
  const ready = matching.filter(({ token }) => hasFlag(token, 'TOKEN_INITIALIZED'))
  const [first, ...others] = ready
  if (first !== undefined && others.length === 0) return first
  if (first !== undefined) {
    throw new DeviceError(
      'device.ambiguous',
      `Could not choose a device: ${ready.length} tokens match ${uri}: ${list(ready)}.`,
      {
        remedy: 'Specify one of them in the URI by serial=, token= or slot-id=.',
      },
    )
  }
  if (matching.length > 0) {
    throw new DeviceError('device.not-found', `Could not use ${list(matching)}: it is not initialised.`, {
      remedy: "Initialise the token with the vendor's tool.",
    })
  }
  throw new DeviceError(
    'device.not-found',
    slots.length === 0
      ? `Could not find a device: the module ${modulePath} shows no token.`
      : `Could not find a device that matches ${uri}. The module ${modulePath} shows: ${list(slots)}.`,
    {
      remedy:
        slots.length === 0
          ? 'Plug the device in, close any program that may be using it, or check its service and the permission to use it.'
          : 'Correct the URI.',
    },
  )
}
