/** Makes nShield attestation bundles under a test root key: what the nfkmattest double writes, and synthetic evidence. */
import { createHash, randomBytes } from 'node:crypto'
import { parsePublicKey } from '../../../asn1/public-key.ts'
import type { TrustAnchor } from '../../../trust-anchors/trust-anchor.ts'
import { testKeyPair } from '../../test-key-pair.ts'
import { type AccessControlRequest, writeAccessControl } from './access-control.ts'
import { bignum, concat, keyHashEx, text, word } from './message-writer.ts'
import { curveCode, keyData, keyHash, testKeyOf } from './test-key.ts'
import { type NshieldSigner, type NshieldSignerType, nshieldSigner } from './test-signer.ts'
import { writeWarrant } from './warrant.ts'

export interface NshieldPersonality {
  /** Electronic serial number: `8938-1075-88BB`. */
  readonly esn: string
  /** `DSA-3072`: an unrestricted world (DLf3072…). `P-521`: the suite ECp521mAES. Default `P-521`, which is quicker. */
  readonly world?: 'DSA-3072' | 'DSA-1024' | 'P-521'
  /** A FIPS 140 level 3 world: its binding has another text. */
  readonly fips?: boolean
  /** The warrant was made by a field upgrade. */
  readonly fieldUpgrade?: boolean
  /** Type of KML where it is not that of the world's keys (`new-world --kml-type`). */
  readonly kml?: NshieldSignerType
  /** How many delegations stand between the root key and the module. Default 1, as in Entrust's examples. */
  readonly delegations?: number
  /** Another serial number in the warrant than in the module state: for evidence that must be refused. */
  readonly warrantEsn?: string
  /** Leaves KLF2 out of the warrant, as warrants from before KLF2 do. */
  readonly withoutKlf2?: boolean
}

export interface NshieldBundleRequest {
  /** SubjectPublicKeyInfo of the key, DER: RSA, or EC on P-256, P-384 or P-521. */
  readonly spki: Uint8Array
  readonly protection?: AccessControlRequest['protection']
  readonly recovery?: AccessControlRequest['recovery']
  /** `EC`: a key that may be derived from. Default `ECDSA`. */
  readonly ecKeyType?: 'EC' | 'ECDSA'
  /** RSA generation with a given exponent and a number of prime checks. */
  readonly rsaParameters?: boolean
  /** Default 0xb02b: sign, and what every PKCS#11 key has. */
  readonly operations?: number
  readonly extraGroups?: readonly Uint8Array[]
  /** Another module key for working copies than the world's. */
  readonly blobModuleKey?: Uint8Array
  /** Names another key in the bundle than the one that was made. */
  readonly bundledSpki?: Uint8Array
  /** Changes or removes members (undefined) at the end. */
  readonly members?: Readonly<Record<string, string | undefined>>
}

export interface NshieldEvidenceIssuer {
  readonly personality: NshieldPersonality
  readonly trustAnchors: readonly TrustAnchor[]
  /** The `.att` file: JSON. */
  bundle(request: NshieldBundleRequest): Uint8Array
  /** The bundle's members, for splicing. */
  members(request: NshieldBundleRequest): Readonly<Record<string, string>>
}

/** As Entrust's example key has them: Sign, GetACL, SignModuleCert, ReduceACL, GetAppData, UseAsCertificate, DuplicateHandle. */
export const SIGNING_OPERATIONS = 0xb02b

const SUITES = {
  'DSA-3072': 'DLf3072s256mAEScSP800131Ar1',
  'DSA-1024': 'DLf3072s256mAEScSP800131Ar1',
  'P-521': 'ECp521mAES',
} as const

/** A world, a module in it, its warrant and the root key above. */
export function createNshieldEvidenceIssuer(personality: NshieldPersonality): NshieldEvidenceIssuer {
  const worldType = personality.world ?? 'P-521'
  const root = testKeyPair('P-521')
  const klf2 = nshieldSigner('P-521')
  const kml = nshieldSigner(personality.kml ?? worldType)
  const knso = nshieldSigner(worldType)
  const hkm = randomBytes(20)
  const hkre = randomBytes(20)
  const warrant = writeWarrant({
    esn: personality.warrantEsn ?? personality.esn,
    root,
    delegates: Array.from({ length: personality.delegations ?? 1 }, () => testKeyPair('P-521')),
    ...(personality.withoutKlf2 ? {} : { klf2: spkiOf(klf2) }),
    fieldUpgrade: personality.fieldUpgrade ?? false,
  })
  const state = moduleState(personality.esn, kml, klf2, keyHash(knso.key), hkm)
  const fixed: Readonly<Record<string, Uint8Array>> = {
    modstatemsg: state,
    modstatesig: klf2.sign(state),
    ...worldMembers(personality, SUITES[worldType], knso, hkm, hkre),
    warrant,
  }
  const members = (request: NshieldBundleRequest): Readonly<Record<string, string>> => {
    const kcmsg = keyGeneration(request, { hkm, hkre, hknso: keyHash(knso.key) })
    const pubkeydata = keyData(testKeyOf(request.bundledSpki ?? request.spki, request.ecKeyType))
    const bytes = { pubkeydata, kcmsg, kcsig: kml.sign(kcmsg), ...fixed }
    const all = new Map(Object.entries(bytes).map(([name, value]) => [name, urlSafe(value)]))
    all.set('root', 'KWARN-1').set('ciphersuite', SUITES[worldType])
    for (const [name, value] of Object.entries(request.members ?? {})) {
      if (value === undefined) all.delete(name)
      else all.set(name, value)
    }
    return Object.fromEntries(all)
  }
  return {
    personality,
    trustAnchors: [rootAnchor(root.spki)],
    members,
    bundle: (request) => Buffer.from(JSON.stringify(members(request))),
  }
}

/** URL-safe base64 with padding. */
export const urlSafe = (bytes: Uint8Array): string =>
  Buffer.from(bytes).toString('base64').replaceAll('+', '-').replaceAll('/', '_')

const spkiOf = (signer: NshieldSigner): Uint8Array => signer.publicKey.export({ type: 'spki', format: 'der' })

function rootAnchor(spki: Uint8Array): TrustAnchor {
  return {
    name: 'test: root key of sandbox warrants (not KWARN-1)',
    hsmTypes: ['NSHIELD'],
    role: 'root',
    spki: Buffer.from(spki).toString('base64'),
    spkiSha256: createHash('sha256').update(spki).digest('hex'),
    certificateSha256: [],
    source: 'made by this sandbox',
    checked: 'made at run time',
    origin: 'user',
  }
}

/** M_ModCertMsg of type StateCert. */
function moduleState(
  esn: string,
  kml: NshieldSigner,
  klf2: NshieldSigner,
  hknso: Uint8Array,
  hkm: Uint8Array,
): Uint8Array {
  const certified = ({ key, mechanism }: NshieldSigner): Uint8Array =>
    concat(keyHash(key), keyData(key), word(mechanism))
  const moduleKey = (hash: Uint8Array): Uint8Array => concat(hash, word(0x89), word(0x49))
  return concat(
    word(4),
    word(0),
    word(5),
    concat(word(2), text(esn)),
    concat(word(3), certified(kml)),
    concat(word(13), certified(klf2)),
    concat(word(5), hknso, word(0x8780)),
    concat(word(6), word(2), moduleKey(Buffer.alloc(20, 0x22)), moduleKey(hkm)),
  )
}

/** What the security officer's key certifies of the world. */
function worldMembers(
  { fips }: NshieldPersonality,
  suite: string,
  knso: NshieldSigner,
  hkm: Uint8Array,
  hkre: Uint8Array,
): Readonly<Record<string, Uint8Array>> {
  const hknso = keyHash(knso.key)
  const hkmc = randomBytes(20)
  const hkfips = randomBytes(20)
  const hkra = randomBytes(20)
  const label = (value: string): Uint8Array => Buffer.from(`${value}\0`)
  const binding: Readonly<Record<string, Uint8Array>> = fips
    ? {
        hkfips: keyHashEx(hkfips),
        CertKMaKMCaKFIPSbKNSO: knso.sign(
          concat(label(`Module setup, FIPS3; suite = ${suite}`), hknso, hkm, hkmc, hkfips),
        ),
      }
    : { CertKMaKMCbKNSO: knso.sign(concat(label(`Module keys: suite = ${suite}`), hknso, hkm, hkmc)) }
  return {
    knsopub: keyData(knso.key),
    hkm: keyHashEx(hkm),
    hkmc: keyHashEx(hkmc),
    ...binding,
    hkre: keyHashEx(hkre),
    hkra: keyHashEx(hkra),
    CertKREaKRAbKNSO: knso.sign(concat(label('Card Recovery'), hknso, hkre, hkra)),
  }
}

/** M_ModCertMsg of type KeyGen. */
function keyGeneration(
  request: NshieldBundleRequest,
  { hkm, hkre, hknso }: Pick<AccessControlRequest, 'hkm' | 'hkre' | 'hknso'>,
): Uint8Array {
  const key = testKeyOf(request.spki, request.ecKeyType)
  const parameters =
    key.curve === undefined
      ? rsaGeneration(request.spki, request.rsaParameters ?? false)
      : concat(word(key.type === 'EC' ? 45 : 47), curveCode(key.curve))
  const acl = writeAccessControl({
    protection: request.protection ?? 'softcard',
    operations: request.operations ?? SIGNING_OPERATIONS,
    hkm: request.blobModuleKey ?? hkm,
    hknso,
    hkre,
    recovery: request.recovery,
    extraGroups: request.extraGroups,
  })
  return concat(word(2), word(0), parameters, acl, keyHash(key))
}

function rsaGeneration(spki: Uint8Array, withParameters: boolean): Uint8Array {
  const key = parsePublicKey(spki)
  const bits = key.type === 'RSA' ? key.bits : 0
  return withParameters
    ? concat(word(2), word(0x07), word(bits), bignum(65537n), word(30))
    : concat(word(2), word(0), word(bits))
}
