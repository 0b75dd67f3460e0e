import { type AclVerdict, judgeAcl } from './acl-policy.ts'
import type { NshieldBundle } from './bundle.ts'
import { type NshieldKey, nshieldKeyInfo } from './key.ts'
import { type NshieldKeyGeneration, readKeyGeneration } from './key-generation.ts'
import { nshieldKeyHash } from './key-hash.ts'
import { type NshieldModuleState, readModuleState } from './module-state.ts'
import { type NshieldSignature, readSignature } from './signature.ts'
import { type NshieldWarrant, readWarrant } from './warrant.ts'
import { type NshieldWorld, readKey, readWorld, requiredBytes } from './world.ts'

/** A bundle read to the last byte. Nothing in it is verified yet. */
export interface NshieldEvidence {
  readonly warrant: NshieldWarrant
  readonly state: NshieldModuleState
  readonly world: NshieldWorld
  readonly generation: NshieldKeyGeneration
  readonly key: NshieldKey
  readonly keyHash: Uint8Array
  /** SubjectPublicKeyInfo of `key`, DER. */
  readonly spki: Uint8Array
  readonly acl: AclVerdict
  /** The signed messages, as they stand in the bundle. */
  readonly messages: Readonly<Record<'modstatemsg' | 'kcmsg', Uint8Array>>
  readonly signatures: Readonly<Record<'modstatesig' | 'kcsig', NshieldSignature>>
}

/** Throws EvidenceError where any part is not what nShield writes. */
export function readNshieldEvidence(bundle: NshieldBundle): NshieldEvidence {
  const messages = {
    modstatemsg: requiredBytes(bundle, 'modstatemsg'),
    kcmsg: requiredBytes(bundle, 'kcmsg'),
  }
  const world = readWorld(bundle)
  const generation = readKeyGeneration(messages.kcmsg)
  const key = readKey(bundle, 'pubkeydata')
  return {
    warrant: readWarrant(requiredBytes(bundle, 'warrant')),
    state: readModuleState(messages.modstatemsg),
    world,
    generation,
    key,
    keyHash: nshieldKeyHash(key),
    spki: nshieldKeyInfo(key),
    acl: judgeAcl(generation.acl, {
      module: world.hkm,
      securityOfficer: world.hknso,
      recovery: world.hkre,
    }),
    messages,
    signatures: {
      modstatesig: readSignature(requiredBytes(bundle, 'modstatesig'), 'modstatesig'),
      kcsig: readSignature(requiredBytes(bundle, 'kcsig'), 'kcsig'),
    },
  }
}
