/** An Entrust nShield as libcknfast shows it: the accelerator slot, a softcard and an operator card set. */
import { createHash, randomBytes } from 'node:crypto'
import { NSHIELD_CKA } from '../../../../devices/nshield/nshield-constants.ts'
import { CKA, CKM, CKU } from '../../../../devices/pkcs11/pkcs11-constants.ts'
import {
  createNshieldEvidenceIssuer,
  type NshieldEvidenceIssuer,
  SIGNING_OPERATIONS,
} from '../../nshield/evidence/issuer.ts'
import type { KeyPairExtras, Personality, SlotDefinition, TokenDefinition, TokenRules } from '../personality.ts'
import { CryptokiError } from '../return-values.ts'
import { flag, type ObjectDraft } from '../token-object.ts'
import { NSHIELD_CARD_PIN, NSHIELD_CARD_SET, NSHIELD_ESN, NSHIELD_PIN, NSHIELD_SOFTCARD } from './nshield-identity.ts'
import { ecGenerating, rsaGenerating, signingMechanisms } from './standard-mechanisms.ts'

export interface NshieldSettings {
  /** A FIPS 140 level 3 world: making a key needs an authorising card. */
  readonly fipsWorld?: boolean
  /** The authorising card is in the reader. Default true. */
  readonly authorised?: boolean
  /** CKNFAST_OVERRIDE_SECURITY_ASSURANCES, by its words: `tokenkeys`, `all`. */
  readonly overriddenAssurances?: readonly string[]
  /** CKNFAST_FAKE_ACCELERATOR_LOGIN. */
  readonly fakeAcceleratorLogin?: boolean
  /** Keys that the Administrator Card Set could bring back. */
  readonly recoverable?: boolean
  /** False: the module has no KLF2 warrant, so nothing can be attested. */
  readonly warrant?: boolean
  /** False: the card is not in the reader. */
  readonly cardPresent?: boolean
  readonly maxPinFailures?: number
}

const MANUFACTURER = 'nCipher Corp. Ltd'
const ACCELERATOR_ID = 0x2d622495n
const APPNAME = 'pkcs11'
const DECRYPT_OPERATION = 0x100
const UNWRAP_OPERATION = 0x400
const EXPORT_OPERATION = 0x4

type Protection = 'module' | 'softcard' | 'cardset'

export function nshieldPersonality(settings: NshieldSettings = {}): Personality {
  const issuer = createNshieldEvidenceIssuer({ esn: NSHIELD_ESN, fips: settings.fipsWorld ?? false })
  const slot = (
    id: bigint,
    protection: Protection,
    token: Pick<TokenDefinition, 'label' | 'serial' | 'loginRequired' | 'userPin'>,
    tokenHash?: string,
  ): SlotDefinition => ({
    id,
    description: protection === 'cardset' ? 'nShield card slot' : token.label,
    manufacturer: MANUFACTURER,
    removable: protection === 'cardset',
    present: protection === 'cardset' ? (settings.cardPresent ?? true) : true,
    token: {
      ...token,
      manufacturer: MANUFACTURER,
      model: '',
      hardwareVersion: [0, 0],
      firmwareVersion: [13, 4],
      pinLength: { min: 0, max: 256 },
      soPin: 'administrator-cards',
      // A passphrase of nShield is not counted; the double needs an end all the same.
      maxPinFailures: settings.maxPinFailures ?? 1000,
      mechanisms: [
        rsaGenerating(CKM.RSA_PKCS_KEY_PAIR_GEN),
        rsaGenerating(CKM.RSA_X9_31_KEY_PAIR_GEN),
        ecGenerating(CKM.EC_KEY_PAIR_GEN),
        ...signingMechanisms,
      ],
      rules: rulesOf(settings, issuer, protection, tokenHash),
    },
  })
  const softcardHash = randomBytes(20).toString('hex')
  const cardSetHash = randomBytes(20).toString('hex')
  return {
    libraryManufacturer: MANUFACTURER,
    libraryDescription: 'nFast PKCS#11 cryptoki library',
    libraryVersion: [13, 4],
    slots: [
      slot(ACCELERATOR_ID, 'module', {
        label: 'loadshared accelerator',
        serial: '',
        loginRequired: false,
        userPin: undefined,
      }),
      slot(
        ACCELERATOR_ID + 1n,
        'softcard',
        {
          label: NSHIELD_SOFTCARD,
          serial: softcardHash.slice(0, 16),
          loginRequired: true,
          userPin: NSHIELD_PIN,
        },
        softcardHash,
      ),
      slot(
        ACCELERATOR_ID + 2n,
        'cardset',
        {
          label: NSHIELD_CARD_SET,
          serial: cardSetHash.slice(0, 16),
          loginRequired: true,
          userPin: NSHIELD_CARD_PIN,
        },
        cardSetHash,
      ),
    ],
    trustAnchors: issuer.trustAnchors,
  }
}

/** Which CK_RV the vendor's library gives for each refusal on the accelerator is not published; these are the standard's nearest. */
function rulesOf(
  settings: NshieldSettings,
  issuer: NshieldEvidenceIssuer,
  protection: Protection,
  tokenHash: string | undefined,
): TokenRules {
  const overridden = settings.overriddenAssurances ?? []
  const tokenKeys = overridden.includes('tokenkeys') || overridden.includes('all')
  return {
    admitLogin: (userType) => {
      if (protection !== 'module' || userType !== BigInt(CKU.USER)) return undefined
      if (settings.fakeAcceleratorLogin) return 'any-pin'
      throw new CryptokiError('CKR_USER_PIN_NOT_INITIALIZED')
    },
    admitKeyPair: ({ privateTemplate }) => {
      if (settings.fipsWorld && !(settings.authorised ?? true)) throw new CryptokiError('CKR_FIPS_TOKEN_NOT_PRESENT')
      if (protection !== 'module') return
      // The accelerator holds no private objects, and (security assurance "tokenkeys") no lasting keys without a login.
      const saysPublic = privateTemplate.get(CKA.PRIVATE)?.[0] === 0
      if (!saysPublic || (flag(privateTemplate, CKA.TOKEN) && !tokenKeys)) {
        throw new CryptokiError('CKR_TEMPLATE_INCONSISTENT')
      }
    },
    completeKeyPair: (publicKey, privateKey) =>
      identify(settings, issuer, protection, tokenHash, publicKey, privateKey),
  }
}

/** CKA_NFKM_APPNAME and CKA_NFKM_ID name the key for nfkmattest; only keys that last have a file there. */
function identify(
  settings: NshieldSettings,
  issuer: NshieldEvidenceIssuer,
  protection: Protection,
  tokenHash: string | undefined,
  publicKey: ObjectDraft,
  privateKey: ObjectDraft,
): KeyPairExtras {
  if (publicKey.key === undefined || !flag(privateKey.attributes, CKA.TOKEN)) return {}
  const spki = publicKey.key.export({ type: 'spki', format: 'der' })
  const key = randomBytes(20).toString('hex')
  const ident = tokenHash === undefined ? `ua${key}` : `uc${tokenHash}-${key}`
  const attributes: ReadonlyMap<number, Uint8Array> = new Map<number, Uint8Array>([
    [NSHIELD_CKA.NFKM_APPNAME, Buffer.from(APPNAME, 'latin1')],
    [NSHIELD_CKA.NFKM_ID, Buffer.from(ident, 'latin1')],
    [NSHIELD_CKA.NFKM_HASH, createHash('sha1').update(spki).digest()],
  ])
  const operation = (attribute: number, bit: number): number => (flag(privateKey.attributes, attribute) ? bit : 0)
  const operations =
    SIGNING_OPERATIONS |
    operation(CKA.DECRYPT, DECRYPT_OPERATION) |
    operation(CKA.UNWRAP, UNWRAP_OPERATION) |
    operation(CKA.EXTRACTABLE, EXPORT_OPERATION)
  return {
    publicAttributes: attributes,
    privateAttributes: attributes,
    ...((settings.warrant ?? true)
      ? {
          evidence: issuer.bundle({
            spki,
            protection,
            operations,
            ...(settings.recoverable ? { recovery: 'trump' as const } : {}),
          }),
        }
      : {}),
  }
}
