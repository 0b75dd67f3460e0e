import { concat, word } from './message-writer.ts'

export interface AccessControlRequest {
  /** Where working copies of the key may stand. */
  readonly protection: 'module' | 'softcard' | 'cardset'
  /** M_Act_Details_OpPermissions bits. */
  readonly operations: number
  /** Lets the Administrator Card Set bring the key back: `trump`, a group certified by HKNSO; `archive`, a MakeArchiveBlob. */
  readonly recovery?: 'trump' | 'archive'
  /** Hash of the module key that working copies stand under. */
  readonly hkm: Uint8Array
  readonly hknso: Uint8Array
  /** Hash of the world's recovery key, which `archive` is for. */
  readonly hkre: Uint8Array
  /** Further permission groups, marshalled. */
  readonly extraGroups?: readonly Uint8Array[]
}

/** As Entrust's recoverable example has them: ExportAsPlain, SetAppData, ExpandACL and others, for the security officer alone. */
const TRUMP_OPERATIONS = 0x207d

const TOKEN_HASH = Buffer.alloc(20, 0x77)

/** M_ACL in the shape that PKCS#11 keys have: what may be done, and where copies may stand. */
export function writeAccessControl(request: AccessControlRequest): Uint8Array {
  const groups = [
    group([concat(word(1), word(request.operations))]),
    group([makeBlob(request.protection, request.hkm)], { limits: [globalLimit] }),
    ...(request.recovery === 'trump'
      ? [group([concat(word(1), word(TRUMP_OPERATIONS))], { certifier: request.hknso })]
      : []),
    ...(request.recovery === 'archive' ? [group([makeArchiveBlob(request.hkre)], { limits: [globalLimit] })] : []),
    ...(request.extraGroups ?? []),
  ]
  return concat(word(groups.length), ...groups)
}

/** M_PermissionGroup. */
export function group(
  actions: readonly Uint8Array[],
  {
    limits = [],
    certifier,
    flags = 0,
  }: { readonly limits?: readonly Uint8Array[]; readonly certifier?: Uint8Array; readonly flags?: number } = {},
): Uint8Array {
  return concat(
    // 1: a certifier's hash follows. 2: with a fresh certificate each time.
    word(flags | (certifier === undefined ? 0 : 3)),
    word(limits.length),
    ...limits,
    word(actions.length),
    ...actions,
    ...(certifier === undefined ? [] : [certifier]),
  )
}

/** Global use limit: a counter's hash and how often. */
const globalLimit = concat(word(1), Buffer.alloc(20, 0x11), word(1))

/** MakeArchiveBlob under the key with this hash, or under any; the mechanism is that of Entrust's recoverable example. */
export const makeArchiveBlob = (key?: Uint8Array): Uint8Array =>
  key === undefined ? concat(word(3), word(0), word(225)) : concat(word(3), word(1), word(225), key)

/** MakeBlob: under the module key alone, or under a token besides. */
export function makeBlob(protection: 'module' | 'softcard' | 'cardset', hkm: Uint8Array): Uint8Array {
  if (protection === 'module') return concat(word(2), word(0x01 | 0x02 | 0x04), hkm)
  const tokenFlags = protection === 'softcard' ? 0x07 : 0x03
  return concat(word(2), word(0x02 | 0x04 | 0x08 | 0x10), hkm, TOKEN_HASH, word(tokenFlags), word(1), word(1), word(0))
}
