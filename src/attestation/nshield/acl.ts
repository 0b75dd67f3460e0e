import type { EvidenceError } from '../contract/evidence-error.ts'
import { type NcoreReader, readKeyHashEx } from './message.ts'

/** A key's access control list (M_ACL) as it stood when the key was made; read to the last byte, judged elsewhere. */
export interface NshieldAcl {
  readonly groups: readonly PermissionGroup[]
}

export interface PermissionGroup {
  /** Hashes of the keys of which one must certify the use of this group; empty where nobody has to. */
  readonly certifiers: readonly Uint8Array[]
  readonly actions: readonly AclAction[]
}

export type AclAction =
  | { readonly kind: 'operations'; readonly bits: number }
  | {
      readonly kind: 'blob'
      readonly flags: number
      /** The module key that the blob is under, where the action fixes it. */
      readonly moduleKey?: Uint8Array
      /** Flags of the token parameters, where the action gives any. */
      readonly tokenFlags?: number
    }
  /** `archiveKey`: hash of the one key that the archive is made for, where the action fixes it. */
  | { readonly kind: 'archive-blob'; readonly archiveKey?: Uint8Array }
  | { readonly kind: 'derive'; readonly mechanism: number }

/**
 * M_PermissionGroup flags that data follows. Two carry none and grant nothing: 0x02, fresh certificates (Entrust's recoverable example has
 * it), and 0x20, each use is written to the audit log (Entrust wire format, ACL). Any other bit is refused.
 */
const GROUP = { certifier: 0x01, certifierMechanism: 0x04, moduleSerial: 0x08, certifierEx: 0x40 } as const
const KNOWN_GROUP_FLAGS = 0x6f
/** M_Act_Details_MakeBlob flags. */
export const BLOB = {
  module: 0x01,
  moduleKey: 0x04,
  token: 0x08,
  tokenParameters: 0x10,
  nullToken: 0x20,
  blobFile: 0x40,
} as const
const KNOWN_BLOB_FLAGS = 0x7f

const LIMIT = { global: 1, time: 3, auth: 6 } as const
const ACTION = { operations: 1, blob: 2, archiveBlob: 3, derive: 5, deriveEx: 47 } as const

/** A new bundle would hold the same list, so the way out is another key. */
const NEW_KEY =
  'Generate a new key through PKCS#11 or generatekey, for signing only; if it has the same list, update hsm-enroll.'
const unjudged = (reader: NcoreReader, what: string): EvidenceError => reader.fail(what, NEW_KEY)

/** Throws EvidenceError for any flag, limit or action that is not known: what cannot be read cannot be judged. */
export function readAcl(reader: NcoreReader): NshieldAcl {
  const groups: PermissionGroup[] = []
  for (let left = reader.count(12); left > 0; left--) groups.push(readGroup(reader))
  return { groups }
}

function readGroup(reader: NcoreReader): PermissionGroup {
  const flags = readFlags(reader, KNOWN_GROUP_FLAGS, 'permission group')
  for (let left = reader.count(8); left > 0; left--) readLimit(reader)
  const actions: AclAction[] = []
  for (let left = reader.count(8); left > 0; left--) actions.push(readAction(reader))
  const certifiers: Uint8Array[] = []
  if (flags & GROUP.certifier) certifiers.push(reader.hash())
  if (flags & GROUP.certifierMechanism) {
    certifiers.push(reader.hash())
    reader.u32()
  }
  if (flags & GROUP.moduleSerial) reader.string()
  if (flags & GROUP.certifierEx) {
    certifiers.push(readKeyHashEx(reader))
    reader.u32()
  }
  return { certifiers, actions }
}

/** A limit narrows its group and never widens it, so it is read over. */
function readLimit(reader: NcoreReader): void {
  const limit = reader.u32()
  switch (limit) {
    case LIMIT.global:
    case LIMIT.auth:
      reader.hash()
      reader.u32()
      return
    case LIMIT.time:
      reader.u32()
      return
    default:
      throw unjudged(reader, `the use limit ${limit} is unknown`)
  }
}

function readAction(reader: NcoreReader): AclAction {
  const action = reader.u32()
  switch (action) {
    case ACTION.operations:
      return { kind: 'operations', bits: reader.u32() }
    case ACTION.blob:
      return readBlobAction(reader)
    case ACTION.archiveBlob:
      return readArchiveBlobAction(reader)
    case ACTION.derive:
    case ACTION.deriveEx:
      return readDeriveAction(reader)
    default:
      throw unjudged(reader, `the action ${action} of the access control list is unknown`)
  }
}

function readBlobAction(reader: NcoreReader): AclAction {
  const flags = readFlags(reader, KNOWN_BLOB_FLAGS, 'MakeBlob')
  const moduleKey = flags & BLOB.moduleKey ? reader.hash() : undefined
  if (flags & BLOB.token) reader.hash()
  let tokenFlags: number | undefined
  if (flags & BLOB.tokenParameters) {
    tokenFlags = reader.u32()
    reader.take(12) // shares needed, shares in all, time limit
  }
  if (flags & BLOB.blobFile) readBlobFile(reader)
  return {
    kind: 'blob',
    flags,
    moduleKey,
    tokenFlags,
  }
}

function readArchiveBlobAction(reader: NcoreReader): AclAction {
  const flags = readFlags(reader, 0x03, 'MakeArchiveBlob')
  reader.u32() // mechanism
  const archiveKey = flags & 0x01 ? reader.hash() : undefined
  if (flags & 0x02) readBlobFile(reader)
  return { kind: 'archive-blob', archiveKey }
}

function readBlobFile(reader: NcoreReader): void {
  const flags = readFlags(reader, 0x03, 'blob file')
  if (flags & 0x01) reader.u32()
  if (flags & 0x02) reader.hash()
}

function readDeriveAction(reader: NcoreReader): AclAction {
  readFlags(reader, 0, 'DeriveKey')
  reader.u32() // the role of this key
  const mechanism = reader.u32()
  if (reader.u32() !== 0) throw unjudged(reader, 'a key derivation names other keys')
  return { kind: 'derive', mechanism }
}

function readFlags(reader: NcoreReader, known: number, what: string): number {
  const flags = reader.u32()
  if ((flags & ~known) !== 0)
    throw unjudged(reader, `${what} has the unknown flags 0x${((flags & ~known) >>> 0).toString(16)}`)
  return flags
}
