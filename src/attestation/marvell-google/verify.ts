/**
 * HSM type MARVELL_GOOGLE: a Cloud KMS key at protection level HSM. The statement (V2, gzip) is signed by the card's partition key,
 * which Marvell and Google certify in two chains that travel beside it.
 */
import { sameBytes } from '../../asn1/octets.ts'
import { sha256Hex } from '../../sha256-hex.ts'
import { verifySignature } from '../certificates/verify-signature.ts'
import { CheckList } from '../contract/check-list.ts'
import type { FamilyVerdict, FamilyVerifier, VerificationContext } from '../contract/verify-attestation.ts'
import { familyVerdict } from '../verdict.ts'
import { ATTRIBUTE, KEY_TYPE, OBJECT_CLASS } from './attributes.ts'
import { checkMarvellChains, type MarvellChains, readMarvellChains } from './chains.ts'
import { marvellChain, marvellClaims, marvellDevice } from './facts.ts'
import { checkValuesFit, keyIdOf, publicKeyInfoOf } from './key.ts'
import { unwrapMarvellPackage } from './package.ts'
import { PRIVATE_KEY_RULES, MARVELL_RULES as RULE } from './rules.ts'
import {
  looksLikeStatement,
  type MarvellObject,
  type MarvellStatement,
  numberOf,
  parseStatement,
  StatementFormatError,
  unpackStatement,
} from './statement.ts'
import { unwrap } from './unwrap.ts'
import { MARVELL_WORDS } from './words.ts'

const REQUIRED = [...Object.values(RULE), ...PRIVATE_KEY_RULES.map(({ rule }) => rule)]
const NEW_KEY =
  'Create a new key with purpose ASYMMETRIC_SIGN at protection level HSM, not importOnly, and let Cloud KMS generate its version.'

export const marvellGoogle: FamilyVerifier = {
  hsmType: 'MARVELL_GOOGLE',
  recognises: looksLikeStatement,
  verify,
  words: MARVELL_WORDS,
  packageFile: 'attestation.dat',
  packageForms: ['gzip', 'zip', 'der', 'unknown'],
  uses: ['keyName', 'certChains'],
  unwrap,
}

function verify(package_: Uint8Array, context: VerificationContext): FamilyVerdict {
  const parts = unwrapMarvellPackage(package_)
  const unpacked = unpackStatement(parts.package)
  const checks = new CheckList()
  const statement = parse(unpacked, checks)
  const pool = readMarvellChains(parts.certChains ?? context.certChains, checks)
  const chains = pool === undefined ? undefined : checkMarvellChains(pool, context, checks)
  if (statement === undefined) return verdict(checks, unpacked, chains)
  if (chains !== undefined) checkSignature(statement, chains, checks)
  const pair = findPair(statement, checks)
  if (pair === undefined) {
    const [only, second] = statement.objects
    return verdict(checks, unpacked, chains, second === undefined ? only : undefined)
  }
  const spki = checkKey(pair, checks)
  checkPrivateKey(pair.privateKey, checks)
  checkVersionName(pair.privateKey, context.keyName, checks)
  return verdict(checks, unpacked, chains, pair.privateKey, spki)
}

function parse(unpacked: Uint8Array, checks: CheckList): MarvellStatement | undefined {
  try {
    const statement = parseStatement(unpacked)
    checks.pass(RULE.format, `A V2 statement with ${statement.objects.length} object(s).`)
    return statement
  } catch (error) {
    if (!(error instanceof StatementFormatError)) throw error
    checks.fail(RULE.format, error.message, error.remedy)
    return undefined
  }
}

function checkSignature(
  { signed, signature }: MarvellStatement,
  { partition }: MarvellChains,
  checks: CheckList,
): void {
  checks.require(
    RULE.signature,
    verifySignature({ key: 'rsa', hash: 'sha256' }, partition.spki, signed, signature),
    'The partition key signs the statement.',
    'The statement is not signed by the partition key of these chains: it was altered, or the chains belong to another key version.',
    'Fetch statement and chains of the same key version again.',
  )
}

interface Pair {
  readonly publicKey?: MarvellObject
  readonly privateKey: MarvellObject
}

/** One private object, and beside it the public one of the same pair. */
function findPair({ objects }: MarvellStatement, checks: CheckList): Pair | undefined {
  const ofClass = (value: number): readonly MarvellObject[] =>
    objects.filter((object) => numberOf(object, ATTRIBUTE.class) === value)
  const [privateKey, second] = ofClass(OBJECT_CLASS.privateKey)
  const [publicKey] = ofClass(OBJECT_CLASS.publicKey)
  const keyType = privateKey === undefined ? undefined : numberOf(privateKey, ATTRIBUTE.keyType)
  if (privateKey === undefined || second !== undefined) {
    const secret = ofClass(OBJECT_CLASS.secretKey).length > 0
    const none = secret ? 'a secret key (AES or HMAC), not a signing key' : 'no private key'
    const what = privateKey === undefined ? none : 'two private keys instead of one pair'
    checks.fail(RULE.keyPair, `The statement is for ${what}.`, NEW_KEY)
    return undefined
  }
  if (keyType !== KEY_TYPE.rsa && keyType !== KEY_TYPE.ec) {
    checks.fail(
      RULE.keyPair,
      keyType === undefined
        ? 'The private key has no type.'
        : `The private key has the type ${keyType}, neither RSA nor EC.`,
      NEW_KEY,
    )
  } else if (publicKey === undefined) {
    checks.fail(
      RULE.keyPair,
      'The statement has only the private key: it is an imported key, not a pair generated in the HSM.',
      NEW_KEY,
    )
  } else checks.pass(RULE.keyPair, 'The public and the private key are one pair.')
  return { privateKey, publicKey }
}

/** What the private object must say of itself. */
function checkPrivateKey(privateKey: MarvellObject, checks: CheckList): void {
  for (const { rule, name, attribute, value, said, otherwise } of PRIVATE_KEY_RULES) {
    const found = numberOf(privateKey, attribute)
    const [fault, cause = ''] = otherwise
    checks.require(
      rule,
      found === value,
      said,
      found === undefined
        ? `The statement does not have the attribute ${name}.`
        : `${fault} (${name} is not ${value})${cause}.`,
      NEW_KEY,
    )
  }
}

/** The key's numbers, its check values, and that both halves are of one pair. */
function checkKey({ publicKey, privateKey }: Pair, checks: CheckList): Uint8Array | undefined {
  const spki = publicKeyInfoOf(privateKey)
  const other = publicKey === undefined ? spki : publicKeyInfoOf(publicKey)
  if (spki === undefined || other === undefined) {
    checks.fail(
      RULE.keyCheckValue,
      'The key’s numbers are neither an RSA key nor a point on P-256, P-384 or secp256k1.',
      'Create a key with an RSA or EC algorithm that code and document signing accept.',
    )
    return undefined
  }
  const fits = [privateKey, ...(publicKey === undefined ? [] : [publicKey])].every((object) =>
    checkValuesFit(object, spki),
  )
  checks.require(
    RULE.keyCheckValue,
    fits && sameBytes(spki, other),
    'The key check values (EKCV, KCV) match the attested public key.',
    'The key check values do not match the public key in the statement.',
    'Fetch the statement again.',
  )
  return spki
}

function checkVersionName(privateKey: MarvellObject, versionName: string | undefined, checks: CheckList): void {
  const id = keyIdOf(privateKey)
  if (id === undefined) {
    checks.fail(RULE.versionName, 'The statement does not identify its key version (ID).', 'Fetch the statement again.')
  } else if (versionName === undefined) {
    checks.notApplicable(RULE.versionName, 'No key version was specified to compare with.')
  } else {
    checks.require(
      RULE.versionName,
      sha256Hex(versionName) === id.versionNameSha256,
      `The statement is for ${versionName}.`,
      `The statement is not for ${versionName}, but for another key version (perhaps one from before a rotation).`,
      'Fetch the statement of the version that signed the request.',
    )
  }
}

function verdict(
  checks: CheckList,
  unpacked: Uint8Array,
  chains: MarvellChains | undefined,
  object?: MarvellObject,
  spki?: Uint8Array,
): FamilyVerdict {
  return familyVerdict({
    hsmType: 'MARVELL_GOOGLE',
    checks,
    required: REQUIRED,
    device: marvellDevice(chains),
    claims: object === undefined ? {} : marvellClaims(object, chains),
    spki,
    trustAnchor: chains?.manufacturer,
    chain: marvellChain(unpacked, chains),
  })
}
