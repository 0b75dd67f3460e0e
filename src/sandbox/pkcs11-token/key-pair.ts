/** C_GenerateKeyPair: templates checked, keys made off the event loop, both objects with every attribute they have. */
import { createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { copyOfKey, exportJwk } from '../../../devices/export-jwk.ts'
import { CKA, CKK, CKM, CKO } from '../../../devices/pkcs11/pkcs11-constants.ts'
import { octetString } from '../../asn1/der-writer.ts'
import { type AttributeMap, initialAttributes, no, yes } from './attribute-rules.ts'
import { curveByParameters, type NamedCurve } from './named-curve.ts'
import type { KeyPairRequest, MechanismInfo, TokenDefinition } from './personality.ts'
import { CryptokiError } from './return-values.ts'
import { ulongToMemory } from './rpc-bytes.ts'
import { flag, number } from './token-object.ts'

const generate = promisify(generateKeyPair)

export interface KeyPairDraft {
  readonly publicAttributes: AttributeMap
  readonly privateAttributes: AttributeMap
  readonly privateKey: KeyObject
  readonly publicKey: KeyObject
}

type KeyPlan =
  | { readonly type: 'RSA'; readonly bits: number; readonly publicExponent: number }
  | { readonly type: 'EC'; readonly curve: NamedCurve }

const RSA_PUBLIC = [CKA.CLASS, CKA.KEY_TYPE, CKA.MODULUS_BITS, CKA.PUBLIC_EXPONENT]
const EC_PUBLIC = [CKA.CLASS, CKA.KEY_TYPE, CKA.EC_PARAMS]
const PRIVATE = [CKA.CLASS, CKA.KEY_TYPE]

/** Vendor mechanisms that make EC keys; every other generating mechanism of the tokens makes RSA keys. */
const EC_MECHANISMS: ReadonlySet<number> = new Set([CKM.EC_KEY_PAIR_GEN, 0x80000160])

export interface PreparedKeyPair {
  readonly plan: KeyPlan
  readonly publicAttributes: AttributeMap
  readonly privateAttributes: AttributeMap
}

/** Everything that can be refused without making a key. Throws CryptokiError. */
export function prepareKeyPair(request: KeyPairRequest, info: MechanismInfo): PreparedKeyPair {
  const plan = EC_MECHANISMS.has(request.mechanism)
    ? planEc(request.publicTemplate, info)
    : planRsa(request.publicTemplate, info)
  const keyType = plan.type === 'RSA' ? CKK.RSA : CKK.EC
  requireValue(request.publicTemplate, CKA.CLASS, CKO.PUBLIC_KEY)
  requireValue(request.privateTemplate, CKA.CLASS, CKO.PRIVATE_KEY)
  requireValue(request.publicTemplate, CKA.KEY_TYPE, keyType)
  requireValue(request.privateTemplate, CKA.KEY_TYPE, keyType)
  const allowed = plan.type === 'RSA' ? RSA_PUBLIC : EC_PUBLIC
  const publicAttributes = initialAttributes(CKO.PUBLIC_KEY, request.publicTemplate, allowed)
  const privateAttributes = initialAttributes(CKO.PRIVATE_KEY, request.privateTemplate, PRIVATE)
  const common: readonly (readonly [number, Uint8Array])[] = [
    [CKA.KEY_TYPE, ulongToMemory(keyType)],
    [CKA.LOCAL, yes],
    [CKA.KEY_GEN_MECHANISM, ulongToMemory(request.mechanism)],
  ]
  for (const [type, value] of common) {
    publicAttributes.set(type, value)
    privateAttributes.set(type, value)
  }
  publicAttributes.set(CKA.CLASS, ulongToMemory(CKO.PUBLIC_KEY))
  privateAttributes.set(CKA.CLASS, ulongToMemory(CKO.PRIVATE_KEY))
  privateAttributes.set(CKA.ALWAYS_SENSITIVE, flag(privateAttributes, CKA.SENSITIVE) ? yes : no)
  privateAttributes.set(CKA.NEVER_EXTRACTABLE, flag(privateAttributes, CKA.EXTRACTABLE) ? no : yes)
  return { plan, publicAttributes, privateAttributes }
}

export async function makeKeyPair(prepared: PreparedKeyPair, token: TokenDefinition): Promise<KeyPairDraft> {
  const { plan, publicAttributes, privateAttributes } = prepared
  const generated =
    plan.type === 'RSA'
      ? await generate('rsa', { modulusLength: plan.bits, publicExponent: plan.publicExponent })
      : await generate('ec', { namedCurve: plan.curve.name })
  // The token asks it for its curve and length.
  const privateKey = copyOfKey(generated.privateKey)
  const publicKey = createPublicKey(privateKey)
  const jwk = exportJwk(publicKey)
  const octets = (text: string | undefined): Buffer => Buffer.from(text ?? '', 'base64url')
  if (plan.type === 'RSA') {
    publicAttributes.set(CKA.MODULUS_BITS, ulongToMemory(plan.bits))
    for (const attributes of [publicAttributes, privateAttributes]) {
      attributes.set(CKA.MODULUS, octets(jwk.n))
      attributes.set(CKA.PUBLIC_EXPONENT, octets(jwk.e))
    }
  } else {
    const point = Buffer.concat([Uint8Array.of(4), octets(jwk.x), octets(jwk.y)])
    publicAttributes.set(CKA.EC_POINT, token.ecPoint === 'bare' ? point : octetString(point))
    privateAttributes.set(CKA.EC_PARAMS, plan.curve.parameters)
  }
  return { publicAttributes, privateAttributes, privateKey, publicKey }
}

function requireValue(template: ReadonlyMap<number, Uint8Array>, type: number, wanted: number): void {
  const given = number(template, type)
  if (given !== undefined && given !== BigInt(wanted)) throw new CryptokiError('CKR_TEMPLATE_INCONSISTENT')
}

function planRsa(template: ReadonlyMap<number, Uint8Array>, info: MechanismInfo): KeyPlan {
  const bits = number(template, CKA.MODULUS_BITS)
  if (bits === undefined) throw new CryptokiError('CKR_TEMPLATE_INCOMPLETE')
  if (bits < BigInt(info.minKeySize) || bits > BigInt(info.maxKeySize) || bits % 256n !== 0n) {
    throw new CryptokiError('CKR_KEY_SIZE_RANGE')
  }
  const exponent = template.get(CKA.PUBLIC_EXPONENT) ?? Uint8Array.of(1, 0, 1)
  const publicExponent = exponent.length > 4 ? 0 : exponent.reduce((sum, octet) => sum * 256 + octet, 0)
  if (publicExponent < 3 || publicExponent % 2 === 0) throw new CryptokiError('CKR_ATTRIBUTE_VALUE_INVALID')
  return { type: 'RSA', bits: Number(bits), publicExponent }
}

function planEc(template: ReadonlyMap<number, Uint8Array>, info: MechanismInfo): KeyPlan {
  const parameters = template.get(CKA.EC_PARAMS)
  if (parameters === undefined) throw new CryptokiError('CKR_TEMPLATE_INCOMPLETE')
  if (parameters[0] !== 0x06) throw new CryptokiError('CKR_DOMAIN_PARAMS_INVALID')
  const curve = curveByParameters(parameters)
  if (curve === undefined || curve.bits < info.minKeySize || curve.bits > info.maxKeySize) {
    throw new CryptokiError('CKR_CURVE_NOT_SUPPORTED')
  }
  return { type: 'EC', curve }
}
