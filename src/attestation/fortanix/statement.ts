import type { Certificate } from '../../asn1/certificate.ts'
import { ifReadable } from '../../asn1/der-error.ts'
import { parseName } from '../../asn1/name.ts'
import { sameBytes } from '../../asn1/octets.ts'
import { unknownCritical } from '../certificates/certificate-chain.ts'
import { basicConstraintsOf, EXTENSION_OID, KEY_USAGE, keyUsageOf } from '../certificates/certificate-extensions.ts'
import type { Cause, CheckList, Rule } from '../contract/check-list.ts'
import { EMPTY_SEQUENCE, FORTANIX_OID } from './oids.ts'
import { FORTANIX_RULES as RULE } from './rules.ts'

/** Key usages that a statement may have (Fortanix's Java example); the first must be there. */
const ALLOWED: readonly number[] = [
  KEY_USAGE.digitalSignature,
  KEY_USAGE.keyEncipherment,
  KEY_USAGE.dataEncipherment,
  KEY_USAGE.keyAgreement,
]
const KNOWN = [
  EXTENSION_OID.keyUsage,
  EXTENSION_OID.basicConstraints,
  FORTANIX_OID.generatedInDsm,
  FORTANIX_OID.neverExportable,
]
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

export interface FortanixClaims {
  readonly generatedInDsm: boolean
  readonly neverExportable: boolean
  readonly keyUuid?: string
}

/** What the statement says of its key. */
export function readFortanixClaims(statement: Certificate): FortanixClaims {
  const says = (oid: string): boolean => {
    const value = statement.extensions.get(oid)?.value
    return value !== undefined && sameBytes(value, EMPTY_SEQUENCE)
  }
  return {
    generatedInDsm: says(FORTANIX_OID.generatedInDsm),
    neverExportable: says(FORTANIX_OID.neverExportable),
    keyUuid: uuidOf(statement),
  }
}

/** Only one such attribute, in the form of a UUID. */
function uuidOf(statement: Certificate): string | undefined {
  const name = ifReadable(() => parseName(statement.subject)) ?? []
  const values = name.flat().filter(({ oid }) => oid === FORTANIX_OID.keyUuid)
  const [only] = values
  return values.length === 1 && only !== undefined && UUID.test(only.value) ? only.value.toLowerCase() : undefined
}

/** The statement's own profile, the two claims and the key's UUID. `expectedUuid`: the key that the caller asked about. */
export function checkStatement(
  statement: Certificate,
  claims: FortanixClaims,
  expectedUuid: string | undefined,
  checks: CheckList,
): void {
  const fault = statementFault(statement)
  if (fault === undefined) checks.pass(RULE.statement, 'The statement is for a signing key.')
  else checks.fail(RULE.statement, `The statement is not acceptable: ${fault.detail}.`, fault.remedy)
  const claim = (rule: Rule, holds: boolean, said: string, missing: string): boolean =>
    checks.require(
      rule,
      holds,
      said,
      missing,
      'Generate a new key in DSM (do not import it), without EXPORT; a key that has ever been exportable cannot be attested.',
    )
  claim(
    RULE.generated,
    claims.generatedInDsm,
    'The key was generated in DSM.',
    'The statement does not say that the key was generated in DSM: it was imported, or its statement is of another type.',
  )
  claim(
    RULE.neverExportable,
    claims.neverExportable,
    'The key can never be exported, not even encrypted.',
    'The statement does not say that the key can never be exported: it has, or had, the operation EXPORT.',
  )
  checkUuid(claims.keyUuid, expectedUuid, checks)
}

function checkUuid(uuid: string | undefined, expected: string | undefined, checks: CheckList): void {
  if (uuid === undefined) {
    checks.fail(
      RULE.keyUuid,
      'The statement does not identify the key by exactly one UUID.',
      'Request the statement from DSM again.',
    )
    return
  }
  checks.require(
    RULE.keyUuid,
    expected === undefined || expected.toLowerCase() === uuid,
    `The statement is for the key ${uuid}.`,
    `The statement is for the key ${uuid}, not for ${expected}.`,
    'Request the statement of the key that signed the request.',
  )
}

const NEW_KEY = 'Generate a key with the operations SIGN and VERIFY only, and request its statement.'
const NOT_KNOWN = 'Request the statement from DSM again; if it says the same, update hsm-enroll.'

function statementFault(statement: Certificate): Cause | undefined {
  const usage = keyUsageOf(statement)
  const constraints = basicConstraintsOf(statement)
  if (usage === undefined || usage === 'malformed' || !usage.has(KEY_USAGE.digitalSignature)) {
    return { detail: 'its key is not allowed to sign', remedy: NEW_KEY }
  }
  if ([...usage].some((bit) => !ALLOWED.includes(bit))) {
    return { detail: 'its key usage allows more than a DSM key should', remedy: NEW_KEY }
  }
  if (constraints === 'malformed' || constraints?.ca) return { detail: 'it says that it is a CA', remedy: NOT_KNOWN }
  const unknown = unknownCritical(statement, KNOWN)
  return unknown === undefined
    ? undefined
    : { detail: `its critical extension ${unknown} is unknown`, remedy: NOT_KNOWN }
}
