/**
 * HSM type FORTANIX: a key attestation statement of Fortanix DSM, a certificate over the key, signed by an authority that is no CA
 * and lives a month.
 */
import { type Certificate, parseCertificate } from '../../asn1/certificate.ts'
import { DerError } from '../../asn1/der-error.ts'
import { parseIssuerCertificate } from '../certificates/certificate-chain.ts'
import { commonNameOf } from '../certificates/common-name.ts'
import { CheckList } from '../contract/check-list.ts'
import type { FamilyVerdict, FamilyVerifier, VerificationContext } from '../contract/verify-attestation.ts'
import { jsonPackageFor } from '../package/json-evidence.ts'
import { familyVerdict } from '../verdict.ts'
import { checkAuthority } from './authority.ts'
import { ASK_AGAIN, checkFortanixChain, checkSigningTime, type FortanixChain } from './chain.ts'
import { type FortanixPackage, looksLikeFortanix, readFortanixPackage } from './package.ts'
import { FORTANIX_RULES as RULE } from './rules.ts'
import { checkStatement, type FortanixClaims, readFortanixClaims } from './statement.ts'
import { FORTANIX_WORDS } from './words.ts'

const REQUIRED = Object.values(RULE)

export const fortanix: FamilyVerifier = {
  hsmType: 'FORTANIX',
  recognises: looksLikeFortanix,
  verify,
  words: FORTANIX_WORDS,
  packageFile: 'attestation.json',
  packageForms: ['json'],
  uses: ['keyName'],
  unwrap: jsonPackageFor(looksLikeFortanix),
}

function verify(package_: Uint8Array, context: VerificationContext): FamilyVerdict {
  const parts = readFortanixPackage(package_)
  const checks = new CheckList()
  const parsed = parse(parts, checks)
  if (parsed === undefined) {
    return familyVerdict({ hsmType: 'FORTANIX', checks, required: REQUIRED, device: DEVICE, claims: {}, chain: [] })
  }
  const { statement, pool } = parsed
  const claims = readFortanixClaims(statement)
  const chain = pool === undefined ? undefined : checkFortanixChain(statement, pool, context, checks)
  if (chain !== undefined) {
    checkAuthority(chain.authority, chain.ca, statement, checks)
    checkSigningTime(statement, chain, context.now, checks)
  }
  checkStatement(statement, claims, context.keyName, checks)
  return verdict(statement, claims, chain, checks)
}

interface Parsed {
  readonly statement: Certificate
  /** Absent where one of them is malformed. */
  readonly pool: readonly Certificate[] | undefined
}

/** A statement that can be read is told of, even where its chain cannot. */
function parse({ statement, authorityChain }: FortanixPackage, checks: CheckList): Parsed | undefined {
  const parsed = orFail('The statement', checks, () => parseCertificate(statement))
  if (parsed === undefined) return undefined
  const pool = orFail('A certificate in "authority_chain"', checks, () =>
    authorityChain.map((der) => parseIssuerCertificate(der)),
  )
  if (pool !== undefined) checks.pass(RULE.format, `Statement and ${pool.length} certificates in DER.`)
  return { statement: parsed, pool }
}

function orFail<T>(what: string, checks: CheckList, read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (!(error instanceof DerError)) throw error
    checks.fail(RULE.format, `${what} is malformed. ${error.message}`, ASK_AGAIN)
    return undefined
  }
}

const DEVICE = { vendor: 'Fortanix', model: 'DSM', fips: 'unknown' } as const

function verdict(
  statement: Certificate,
  claims: FortanixClaims,
  chain: FortanixChain | undefined,
  checks: CheckList,
): FamilyVerdict {
  return familyVerdict({
    hsmType: 'FORTANIX',
    checks,
    required: REQUIRED,
    device: DEVICE,
    claims: {
      // A claim that is left out says nothing: not that the key was imported, nor that it may be exported.
      ...(claims.generatedInDsm ? { local: true } : {}),
      // A key of DSM is never shown in the clear unless it may be exported.
      ...(claims.neverExportable ? { sensitive: true, extractable: false, neverExtractable: true } : {}),
      keyUuid: claims.keyUuid,
      signedAt: new Date(statement.notBefore).toISOString(),
      authority: chain === undefined ? undefined : commonNameOf(chain.authority.subject),
    },
    spki: statement.spki,
    trustAnchor: chain?.anchor,
    chain: chain === undefined ? [statement] : [statement, chain.authority, chain.ca],
  })
}
