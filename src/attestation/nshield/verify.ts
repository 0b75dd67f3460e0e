/**
 * HSM type NSHIELD: the bundle of `nfkmattest`, verified at Entrust's level 2: warrant, module state, world binding, key
 * generation certificate, key hash, access control list.
 */

import { sha256Hex } from '../../sha256-hex.ts'
import type { TrustAnchor } from '../../trust-anchors/trust-anchor.ts'
import type { ChainLink, KeyClaims } from '../contract/attestation-result.ts'
import { CheckList } from '../contract/check-list.ts'
import { EvidenceError } from '../contract/evidence-error.ts'
import type { FamilyVerdict, FamilyVerifier, VerificationContext } from '../contract/verify-attestation.ts'
import { jsonPackageFor } from '../package/json-evidence.ts'
import { familyVerdict } from '../verdict.ts'
import { looksLikeNshield, type NshieldBundle, readNshieldBundle, shown } from './bundle.ts'
import { type NshieldEvidence, readNshieldEvidence } from './evidence.ts'
import { hex } from './message.ts'
import { checkNshieldPolicy } from './policy.ts'
import { NSHIELD_RULES as RULE } from './rules.ts'
import { checkKeyGeneration, checkModuleState, checkWarrant, checkWorldBinding } from './steps.ts'
import { NSHIELD_WORDS } from './words.ts'

const REQUIRED = Object.values(RULE)

export const nshield: FamilyVerifier = {
  hsmType: 'NSHIELD',
  recognises: looksLikeNshield,
  verify,
  words: NSHIELD_WORDS,
  packageFile: 'attestation.att',
  packageForms: ['json'],
  uses: [],
  unwrap: jsonPackageFor(looksLikeNshield),
}

function verify(package_: Uint8Array, context: VerificationContext): FamilyVerdict {
  const bundle = readNshieldBundle(package_)
  const checks = new CheckList()
  const evidence = parse(bundle, checks)
  if (evidence === undefined) return verdict(checks)
  const anchor = checkWarrant(evidence, bundle, context, checks)
  // From the root key downwards: what stands below a step that failed is not worth its signature.
  if (anchor !== undefined && checkModuleState(evidence, checks) && checkWorldBinding(evidence, checks)) {
    checkKeyGeneration(evidence, checks)
  }
  checkNshieldPolicy(evidence, context.options, checks)
  return verdict(checks, evidence, anchor)
}

function parse(bundle: NshieldBundle, checks: CheckList): NshieldEvidence | undefined {
  try {
    const evidence = readNshieldEvidence(bundle)
    checkEncoding(bundle, checks)
    return evidence
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error
    checks.fail(RULE.encoding, error.message, error.remedy)
    return undefined
  }
}

function checkEncoding({ unknown }: NshieldBundle, checks: CheckList): void {
  if (unknown.length === 0) {
    checks.pass(RULE.encoding, 'Every part of the bundle was read to its last byte.')
    return
  }
  const names = unknown.slice(0, 3).map(shown)
  checks.warn(
    RULE.encoding,
    `The bundle has unknown members (${names.join(', ')}${unknown.length > 3 ? ', …' : ''}): nothing signs them, and they were ignored.`,
    'Send the .att file as nfkmattest wrote it; if nfkmattest wrote these too, update hsm-enroll.',
  )
}

function verdict(checks: CheckList, evidence?: NshieldEvidence, anchor?: TrustAnchor): FamilyVerdict {
  const parts = { hsmType: 'NSHIELD', checks, required: REQUIRED } as const
  if (evidence === undefined) {
    return familyVerdict({ ...parts, device: { vendor: 'Entrust', fips: 'unknown' }, claims: {}, chain: [] })
  }
  const { module } = evidence.warrant
  return familyVerdict({
    ...parts,
    spki: evidence.spki,
    device: {
      vendor: 'Entrust',
      model: 'nShield',
      serial: module.esn,
      fips: module.approvals.some((approval) => approval.startsWith('FIPS140')) ? 'certified' : 'unknown',
    },
    claims: claims(evidence),
    trustAnchor: anchor,
    chain: chain(evidence),
  })
}

function claims({ warrant, world, acl, keyHash }: NshieldEvidence): KeyClaims {
  const keeps = acl.refusals.length === 0
  const { esn, physicalSerialNumber, fieldUpgrade, approvals } = warrant.module
  return {
    local: true,
    sensitive: keeps,
    extractable: !keeps,
    // The security officer's group of a recoverable key may export it (Entrust's example does).
    neverExtractable: keeps && !acl.recovery,
    esn,
    physicalSerialNumber,
    keyHash: hex(keyHash),
    hknso: hex(world.hknso),
    cipherSuite: world.cipherSuite,
    protection: acl.protection,
    recovery: acl.recovery,
    permissions: acl.permissions,
    fips: world.fips,
    fieldUpgradeWarrant: fieldUpgrade,
    approvals,
  }
}

/** What signed what, the attested key first. Nothing here has an end. */
function chain({ warrant, state, messages }: NshieldEvidence): readonly ChainLink[] {
  const { esn } = warrant.module
  const above = warrant.delegations.length === 0 ? warrant.root : `delegation ${warrant.delegations.length}`
  return [
    {
      subject: 'key generation certificate (kcmsg)',
      issuer: `KML of module ${esn}`,
      sha256: sha256Hex(messages.kcmsg),
    },
    {
      subject: `module state of ${state.esn} (modstatemsg)`,
      issuer: `KLF2 of module ${esn}`,
      sha256: sha256Hex(messages.modstatemsg),
    },
    { subject: `warrant of module ${esn}`, issuer: above, sha256: sha256Hex(warrant.signedModule.payload) },
    ...warrant.delegations
      .map(({ signed }, index) => ({
        subject: `delegation ${index + 1}`,
        issuer: index === 0 ? warrant.root : `delegation ${index}`,
        sha256: sha256Hex(signed.payload),
      }))
      .reverse(),
  ]
}
