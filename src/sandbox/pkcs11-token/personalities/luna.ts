/** A Thales Luna Network HSM partition: FIPS mechanisms, roles, and the public key confirmation as an attribute of the private key. */
import { createHash, randomBytes } from 'node:crypto'
import { LUNA_CKA, LUNA_CKM, LUNA_CKU } from '../../../../devices/luna/luna-constants.ts'
import { CKA, CKM } from '../../../../devices/pkcs11/pkcs11-constants.ts'
import { createLunaEvidenceIssuer, type LunaEvidenceIssuer } from '../../luna/evidence/issuer.ts'
import type { KeyPairExtras, MechanismInfo, Personality, TokenRules } from '../personality.ts'
import { CryptokiError } from '../return-values.ts'
import { flag, type ObjectDraft } from '../token-object.ts'
import {
  LUNA_CRYPTO_USER_PIN,
  LUNA_LABEL,
  LUNA_MODULE_SERIAL,
  LUNA_PIN,
  LUNA_SERIAL,
  LUNA_SO_PIN,
} from './luna-identity.ts'
import { ecGenerating, ecSigning, rsaGenerating, signingMechanisms } from './standard-mechanisms.ts'

export interface LunaSettings {
  /** Of the partition, 13 digits. */
  readonly serial?: string
  /** Of the HSM: then CKM_RSA_PKCS_KEY_PAIR_GEN is not there. Default true. */
  readonly fips?: boolean
  /** A PED partition: CKF_PROTECTED_AUTHENTICATION_PATH. */
  readonly pinEntryDevice?: boolean
  readonly maxPinFailures?: number
  /** A high-availability slot, which knows an object only once the session has searched for objects (luna-kmu, p11.c). */
  readonly highAvailability?: boolean
  /** The module knows no attribute for the confirmation; `cmu getpkc` gives it. */
  readonly confirmationByCmuOnly?: boolean
}

export const lunaVendorMechanisms: readonly MechanismInfo[] = [
  rsaGenerating(LUNA_CKM.RSA_FIPS_186_3_AUX_PRIME_KEY_PAIR_GEN),
  rsaGenerating(LUNA_CKM.RSA_FIPS_186_3_PRIME_KEY_PAIR_GEN),
  ecGenerating(LUNA_CKM.ECDSA_KEY_PAIR_GEN_W_EXTRA_BITS),
  ...[LUNA_CKM.ECDSA_SHA256, LUNA_CKM.ECDSA_SHA384, LUNA_CKM.ECDSA_SHA512].map(ecSigning),
]

export function lunaPersonality(settings: LunaSettings = {}): Personality {
  const issuer = createLunaEvidenceIssuer({ serial: LUNA_MODULE_SERIAL })
  const rules: TokenRules = {
    // The role may sign and not make keys. How the firmware words the refusal is not published; this is the standard's code.
    admitKeyPair: ({ userType }) => {
      if (userType === BigInt(LUNA_CKU.CRYPTO_USER)) throw new CryptokiError('CKR_USER_NOT_LOGGED_IN')
    },
    // With which code is not published.
    admitRead: (hasSearched) => {
      if (settings.highAvailability && !hasSearched) throw new CryptokiError('CKR_OBJECT_HANDLE_INVALID')
    },
    completeKeyPair: (publicKey, privateKey) => {
      const extras = complete(issuer, publicKey, privateKey)
      return settings.confirmationByCmuOnly ? withoutAttribute(extras) : extras
    },
  }
  return {
    libraryManufacturer: 'SafeNet',
    libraryDescription: 'Chrystoki',
    libraryVersion: [10, 7],
    slots: [
      {
        id: 0n,
        description: settings.highAvailability ? 'HA Virtual Card Slot' : 'Net Token Slot',
        manufacturer: 'SafeNet',
        token: {
          label: LUNA_LABEL,
          manufacturer: 'SafeNet',
          model: 'LunaSA 7.8.4',
          serial: settings.serial ?? LUNA_SERIAL,
          hardwareVersion: [7, 0],
          firmwareVersion: [7, 84],
          loginRequired: true,
          protectedAuthenticationPath: settings.pinEntryDevice ?? false,
          pinLength: { min: 7, max: 255 },
          userPin: LUNA_PIN,
          soPin: LUNA_SO_PIN,
          maxPinFailures: settings.maxPinFailures ?? 10,
          // CKR_USER_PIN_NOT_INITIALIZED says that a role does not exist.
          roles: new Map([
            [BigInt(LUNA_CKU.CRYPTO_USER), LUNA_CRYPTO_USER_PIN],
            [BigInt(LUNA_CKU.LIMITED_CRYPTO_OFFICER), undefined],
            [BigInt(LUNA_CKU.AUDIT), undefined],
          ]),
          mechanisms: [
            ...((settings.fips ?? true) ? [] : [rsaGenerating(CKM.RSA_PKCS_KEY_PAIR_GEN)]),
            rsaGenerating(CKM.RSA_X9_31_KEY_PAIR_GEN),
            ecGenerating(CKM.EC_KEY_PAIR_GEN),
            ...lunaVendorMechanisms,
            ...signingMechanisms,
          ],
          rules,
        },
      },
    ],
    trustAnchors: issuer.trustAnchors,
  }
}

/** What the module knows of a finished pair. A confirmation is issued only for a private key that can never leave (Thales, confirm_hsm). */
function complete(issuer: LunaEvidenceIssuer, publicKey: ObjectDraft, privateKey: ObjectDraft): KeyPairExtras {
  if (publicKey.key === undefined) return {}
  const spki = publicKey.key.export({ type: 'spki', format: 'der' })
  const ouid = objectUid()
  // Of what the module makes the fingerprints is not published; the public key serves a double.
  const fingerprints: readonly (readonly [number, Uint8Array])[] = [
    [LUNA_CKA.FINGERPRINT_SHA1, createHash('sha1').update(spki).digest()],
    [LUNA_CKA.FINGERPRINT_SHA256, createHash('sha256').update(spki).digest()],
  ]
  const confined = flag(privateKey.attributes, CKA.SENSITIVE) && !flag(privateKey.attributes, CKA.EXTRACTABLE)
  return {
    publicAttributes: new Map([...fingerprints, [LUNA_CKA.OUID, objectUid()]]),
    privateAttributes: new Map([
      ...fingerprints,
      [LUNA_CKA.OUID, ouid],
      ...(confined ? confirmations(issuer, spki, ouid, publicKey.key.asymmetricKeyType === 'rsa') : []),
    ]),
  }
}

/** Moves the confirmation from the attribute to what only the tool can read. */
function withoutAttribute(extras: KeyPairExtras): KeyPairExtras {
  const attributes = new Map(extras.privateAttributes)
  const evidence = attributes.get(LUNA_CKA.PKC_CITS) ?? attributes.get(LUNA_CKA.PKC_ECC)
  for (const type of [LUNA_CKA.PKC_CITS, LUNA_CKA.PKC_ECC, LUNA_CKA.PKC_TCTRUST]) attributes.delete(type)
  return { ...extras, privateAttributes: attributes, evidence }
}

/** Twelve octets; the last four are the module's serial number, as in the published confirmations. */
function objectUid(): Uint8Array {
  const serial = Buffer.alloc(4)
  serial.writeUInt32LE(LUNA_MODULE_SERIAL)
  return Buffer.concat([randomBytes(8), serial])
}

function confirmations(
  issuer: LunaEvidenceIssuer,
  spki: Uint8Array,
  ouid: Uint8Array,
  rsa: boolean,
): readonly (readonly [number, Uint8Array])[] {
  if (!rsa) return [[LUNA_CKA.PKC_ECC, issuer.confirm({ spki, ouid, form: 'ec' })]]
  return [
    [LUNA_CKA.PKC_CITS, issuer.confirm({ spki, ouid, form: 'chrysalis' })],
    [LUNA_CKA.PKC_TCTRUST, issuer.confirm({ spki, ouid, form: 'tc-trustcenter' })],
  ]
}
