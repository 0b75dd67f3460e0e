import { sameBytes } from '../../asn1/octets.ts'
import type { TrustAnchor } from '../../trust-anchors/trust-anchor.ts'
import { anchorHolds, anchorsFor } from '../certificates/anchor-keys.ts'
import { issuerKeyFault } from '../certificates/issuer-key.ts'
import type { CheckList } from '../contract/check-list.ts'
import type { VerificationContext } from '../contract/verify-attestation.ts'
import { type NshieldBundle, shown } from './bundle.ts'
import type { NshieldEvidence } from './evidence.ts'
import { nshieldKeyInfo } from './key.ts'
import { fitsGeneration } from './key-generation.ts'
import { nshieldKeyHash } from './key-hash.ts'
import { hex, NEWER_VERSION } from './message.ts'
import { NSHIELD_RULES as RULE } from './rules.ts'
import { type SignatureOutcome, verifyNshieldSignature } from './signature.ts'
import { warrantFault } from './warrant.ts'
import { verifyBinding } from './world.ts'

const BUNDLE_AGAIN =
  'Create the bundle again with "nfkmattest bundle" on the host of the module that generated the key.'
const NEWER_WORLD =
  'Create a Security World with a current cipher suite (new-world --cipher-suite), generate a new key in it, and attest that.'
const WARRANT_REMEDY =
  'Check that kmdata/warrants contains the KLF2 warrant of this module (if not, ask Entrust for it), then create the bundle again.'

/** WV1: the warrant stands under a pinned root key. */
export function checkWarrant(
  { warrant }: NshieldEvidence,
  bundle: NshieldBundle,
  context: VerificationContext,
  checks: CheckList,
): TrustAnchor | undefined {
  const anchors = anchorsFor('NSHIELD', context.trustAnchors)
  if (bundle.root !== 'KWARN-1' || warrant.root !== bundle.root) {
    checks.fail(
      RULE.warrant,
      `The bundle specifies the root key ${shown(bundle.root)}, its warrant ${shown(warrant.root)}; only KWARN-1 is known.`,
      WARRANT_REMEDY,
    )
    return undefined
  }
  const faults = anchors.map(({ anchor, spki }) => ({ anchor, fault: warrantFault(warrant, spki) }))
  const good = faults.find(({ fault }) => fault === undefined)
  if (good === undefined) {
    const fault = Math.max(0, ...faults.map((candidate) => candidate.fault ?? 0))
    const detail =
      fault <= 1
        ? 'The warrant is not signed by a pinned root key: it was altered, or it is under another root.'
        : `Certificate ${fault} of the warrant is not signed by the one before it: it was altered or swapped.`
    checks.fail(RULE.warrant, detail, WARRANT_REMEDY)
    return undefined
  }
  if (!anchorHolds(good.anchor, context.now)) {
    checks.fail(
      RULE.warrant,
      `The trust anchor ${good.anchor.name} is not valid today.`,
      'Update hsm-enroll: you need newer trust anchors.',
    )
    return undefined
  }
  checks.pass(RULE.warrant, `The warrant of module ${warrant.module.esn} is under ${good.anchor.name}.`)
  return good.anchor
}

/** MSCV1 to MSCV5: the module's state, under the key that the warrant certifies. */
export function checkModuleState(
  { warrant, state, world, messages, signatures }: NshieldEvidence,
  checks: CheckList,
): boolean {
  const { klf2 } = warrant.module
  const outcome = verifyNshieldSignature(klf2, signatures.modstatesig, messages.modstatemsg, {
    shared: true,
  })
  const klf2Fits = state.klf2 === undefined || sameBytes(nshieldKeyInfo(state.klf2.key), nshieldKeyInfo(klf2))
  const hashesFit = [state.kml, ...(state.klf2 === undefined ? [] : [state.klf2])].every(({ hash, key }) =>
    sameBytes(hash, nshieldKeyHash(key)),
  )
  const weak = issuerKeyFault(nshieldKeyInfo(state.kml.key))
  return [
    checks.require(
      RULE.moduleState,
      outcome === 'ok' && klf2Fits && hashesFit,
      'The module state is signed by the key that the warrant certifies.',
      outcome === 'ok'
        ? 'The keys in the module state do not match their hashes or the warrant.'
        : describe('modstatesig', outcome, 'the warrant of another module, or an altered module state'),
      remedyFor(outcome),
    ),
    weak === undefined ||
      checks.fail(
        RULE.moduleState,
        `The module’s signing key (KML) must not vouch for others: it ${weak}.`,
        NEWER_WORLD,
      ),
    checks.require(
      RULE.serial,
      state.esn === warrant.module.esn,
      `Warrant and module state are of the module ${state.esn}.`,
      `The module state is of module ${state.esn}, the warrant of module ${warrant.module.esn}.`,
      WARRANT_REMEDY,
    ),
    checks.require(
      RULE.securityOfficer,
      sameBytes(world.hknso, state.hknso),
      'The security officer’s key is the one that the module holds.',
      `The security officer’s key has the hash ${hex(world.hknso)}, but the module holds ${hex(state.hknso)}: this is another Security World.`,
      BUNDLE_AGAIN,
    ),
    checks.require(
      RULE.moduleKey,
      state.moduleKeys.includes(hex(world.hkm)),
      'The world’s module key is in the module.',
      `The module does not hold the world’s module key ${hex(world.hkm)}.`,
      BUNDLE_AGAIN,
    ),
  ].every((holds) => holds)
}

/** WBCV: what the security officer's key certifies of the world. */
export function checkWorldBinding({ world }: NshieldEvidence, checks: CheckList): boolean {
  const weak = issuerKeyFault(nshieldKeyInfo(world.knso))
  if (weak !== undefined) {
    return checks.fail(
      RULE.worldBinding,
      `The security officer’s key (KNSO) must not vouch for others: it ${weak}.`,
      NEWER_WORLD,
    )
  }
  const outcome = verifyBinding(world, world.binding)
  const bound = checks.require(
    RULE.worldBinding,
    outcome === 'ok',
    `The module key is bound to the ${world.fips ? 'FIPS 140 level 3 ' : ''}security world (${world.binding.name}).`,
    describe(world.binding.name, outcome, 'members of two security worlds, or an altered cipher suite or hash'),
    remedyFor(outcome),
  )
  if (world.recoveryBinding === undefined) {
    return checks.notApplicable(RULE.recoveryBinding, 'The bundle contains no recovery keys.') && bound
  }
  const recovery = verifyBinding(world, world.recoveryBinding)
  return (
    checks.require(
      RULE.recoveryBinding,
      recovery === 'ok',
      'The world’s recovery keys are certified by its security officer’s key.',
      describe(world.recoveryBinding.name, recovery, 'members of two security worlds'),
      remedyFor(recovery),
    ) && bound
  )
}

/** KGCV1, KGCV2 and the access control list. */
export function checkKeyGeneration(evidence: NshieldEvidence, checks: CheckList): void {
  const { state, generation, key, keyHash, acl, messages, signatures } = evidence
  const outcome = verifyNshieldSignature(state.kml.key, signatures.kcsig, messages.kcmsg, {
    expected: state.kml.mechanism,
  })
  checks.require(
    RULE.keyGeneration,
    outcome === 'ok',
    'The module signed that it generated this key.',
    describe('kcsig', outcome, 'the key was generated in another module, or before the module was re-initialised'),
    remedyFor(outcome),
  )
  const fits = fitsGeneration(key, generation.kind)
  checks.require(
    RULE.keyHash,
    sameBytes(keyHash, generation.hka) && fits,
    `The attested key is the one that was generated (${hex(keyHash)}).`,
    fits
      ? `The key in the bundle has the hash ${hex(keyHash)}, but the module generated ${hex(generation.hka)}: this is another key.`
      : 'The type or size of the key in the bundle differs from that of the generated key.',
    'Create the bundle again with the APPNAME and IDENT of this key; do not mix members of two bundles.',
  )
  checks.require(
    RULE.accessControl,
    acl.refusals.length === 0,
    `The access control list keeps the key in the module (${acl.protection} protection).`,
    `The access control list is not acceptable: ${acl.refusals.slice(0, 4).join('; ')}.`,
    'Generate a new key that is not exportable: sensitive, not extractable, for signing only.',
  )
}

const remedyFor = (outcome: SignatureOutcome): string =>
  outcome === 'unknown mechanism' ? NEWER_VERSION : BUNDLE_AGAIN

function describe(name: string, outcome: SignatureOutcome, cause: string): string {
  switch (outcome) {
    case 'unknown mechanism':
      return `${name} uses an unknown signature mechanism (known are 170, DSA with SHA-256, and 187, ECDSA with SHA-512).`
    case 'wrong mechanism':
      return `${name} does not use the mechanism that the module states for its key.`
    default:
      return `${name} does not verify: probably ${cause}.`
  }
}
