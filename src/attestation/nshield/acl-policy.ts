import { sameBytes } from '../../asn1/octets.ts'
import { type AclAction, BLOB, type NshieldAcl } from './acl.ts'

/**
 * M_Act_Details_OpPermissions, bit by bit. `forbidden`: with it the key, or a copy of it, could leave (Entrust's list).
 * UseAsBlobKey lets other keys stand under this one; nfkmattest prints it as "unwrap", so it is left to policy.
 */
export const OPERATION_BITS: readonly {
  readonly bit: number
  readonly name: string
  readonly forbidden: boolean
  /** The word that nfkmattest prints for it. */
  readonly permission?: string
}[] = [
  { bit: 0x0001, name: 'DuplicateHandle', forbidden: false },
  { bit: 0x0002, name: 'UseAsCertificate', forbidden: false },
  { bit: 0x0004, name: 'ExportAsPlain', forbidden: true },
  { bit: 0x0008, name: 'GetAppData', forbidden: false },
  { bit: 0x0010, name: 'SetAppData', forbidden: true },
  { bit: 0x0020, name: 'ReduceACL', forbidden: false },
  { bit: 0x0040, name: 'ExpandACL', forbidden: true },
  { bit: 0x0080, name: 'Encrypt', forbidden: false },
  { bit: 0x0100, name: 'Decrypt', forbidden: false, permission: 'decrypt' },
  { bit: 0x0200, name: 'Verify', forbidden: false },
  { bit: 0x0400, name: 'UseAsBlobKey', forbidden: false, permission: 'unwrap' },
  { bit: 0x0800, name: 'UseAsKM', forbidden: true },
  { bit: 0x1000, name: 'Sign', forbidden: false, permission: 'sign' },
  { bit: 0x2000, name: 'GetACL', forbidden: false },
  { bit: 0x4000, name: 'UseAsLoaderKey', forbidden: true },
  { bit: 0x8000, name: 'SignModuleCert', forbidden: false },
]
const KNOWN_OPERATIONS = OPERATION_BITS.reduce((all, { bit }) => all | bit, 0)

/** DeriveMech_PublicFromPrivate: gives the public half, nothing more. */
const PUBLIC_FROM_PRIVATE = 29
/** M_TokenParams flag that tells a softcard from a card set. */
const SOFTCARD = 0x04

export type NshieldProtection = 'module' | 'softcard' | 'cardset' | 'session'

export interface AclVerdict {
  /** Why the list lets the key out or cannot be judged; empty when it does not. */
  readonly refusals: readonly string[]
  /**
   * The holders of the Administrator Card Set can bring the key back without its own protection. Their group may grant more than any
   * other (Entrust's recoverable example: ExportAsPlain), so nothing in it is judged bit by bit.
   */
  readonly recovery: boolean
  /** The weakest protection that a stored copy may have; `session` where none may be stored. */
  readonly protection: NshieldProtection
  readonly permissions: readonly string[]
}

/** Hashes of the world's keys, as its binding certificates name them. */
export interface WorldKeys {
  readonly module: Uint8Array
  readonly securityOfficer: Uint8Array
  /** KRE, under which the Administrator Card Set recovers keys; absent where the bundle does not certify one. */
  readonly recovery?: Uint8Array
}

/** Judges a list read by `readAcl` (Entrust, "Verifying an attestation bundle": ACLV, working blobs WB, recovery blobs RB). */
export function judgeAcl(acl: NshieldAcl, world: WorldKeys): AclVerdict {
  const refusals: string[] = []
  const protections = new Set<NshieldProtection>()
  let operations = 0
  let recovery = false
  for (const { certifiers, actions } of acl.groups) {
    if (certifiers.length > 0) {
      if (certifiers.every((certifier) => sameBytes(certifier, world.securityOfficer))) recovery = true
      else refusals.push('a permission group can be unlocked by a key that is not the security officer’s')
      continue
    }
    for (const action of actions) {
      switch (action.kind) {
        case 'operations':
          operations |= action.bits
          break
        case 'archive-blob': {
          // The Administrator Card Set opens an archive under KRE; whoever holds another archive key has the key itself.
          const refusal = archiveRefusal(action, world.recovery)
          if (refusal === undefined) recovery = true
          else refusals.push(refusal)
          break
        }
        case 'derive':
          if (action.mechanism !== PUBLIC_FROM_PRIVATE)
            refusals.push(`other keys may be derived from it (mechanism ${action.mechanism})`)
          break
        case 'blob': {
          const refusal = blobRefusal(action, world.module)
          if (refusal !== undefined) refusals.push(refusal)
          else protections.add(blobProtection(action))
        }
      }
    }
  }
  const unknown = (operations & ~KNOWN_OPERATIONS) >>> 0
  if (unknown !== 0) refusals.push(`it has the unknown permissions 0x${unknown.toString(16)}`)
  const granted = OPERATION_BITS.filter(({ bit }) => (operations & bit) !== 0)
  for (const { name, forbidden } of granted) if (forbidden) refusals.push(`it has the permission ${name}`)
  return {
    refusals,
    recovery,
    protection: (['module', 'softcard', 'cardset'] as const).find((kind) => protections.has(kind)) ?? 'session',
    permissions: granted.flatMap(({ permission }) => permission ?? []),
  }
}

type BlobAction = Extract<AclAction, { kind: 'blob' }>
type ArchiveAction = Extract<AclAction, { kind: 'archive-blob' }>

function archiveRefusal({ archiveKey }: ArchiveAction, trusted: Uint8Array | undefined): string | undefined {
  if (archiveKey === undefined) return 'it may be archived under any key'
  if (trusted === undefined) return 'it may be archived under a key that the bundle does not certify (hkre is missing)'
  return sameBytes(archiveKey, trusted)
    ? undefined
    : 'it may be archived under a key that is not the world’s recovery key'
}

function blobRefusal({ flags, moduleKey, tokenFlags }: BlobAction, trusted: Uint8Array): string | undefined {
  if ((flags & (BLOB.module | BLOB.token)) === 0)
    return 'a copy may be stored under neither module nor token protection'
  if (moduleKey === undefined || !sameBytes(moduleKey, trusted)) {
    return 'a copy may be stored under a module key that the world does not certify'
  }
  if (flags & BLOB.nullToken) return 'a copy may be stored under a null token'
  if (flags & BLOB.token && tokenFlags === undefined) return 'a copy may be stored under a token of unknown parameters'
  return undefined
}

function blobProtection({ flags, tokenFlags }: BlobAction): NshieldProtection {
  if (flags & BLOB.module) return 'module'
  return ((tokenFlags ?? 0) & SOFTCARD) !== 0 ? 'softcard' : 'cardset'
}
