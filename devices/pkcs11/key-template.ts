import type { KeySpec } from '../device.ts'
import { KEY_SHAPES, PUBLIC_EXPONENT } from './key-algorithm.ts'
import { CKA, CKK, CKO } from './pkcs11-constants.ts'

export interface Attribute {
  readonly type: number
  readonly value: number | boolean | Buffer
}

/** What a module wants otherwise than the standard says. One line per deviation in each family's table. */
export interface TemplateTraits {
  /** CKA_PRIVATE of the private key. False only where the slot holds no private objects (nShield accelerator). */
  readonly privateObjects: boolean
  /** Send CKA_EXTRACTABLE=false. Off only where the module refuses the attribute and can make no other keys (ykcs11 before 2.3). */
  readonly extractableAttribute: boolean
  /** Send CKA_DERIVE, CKA_UNWRAP, CKA_DECRYPT = false beside CKA_SIGN = true. */
  readonly usageAttributes: boolean
  /** CKA_PRIVATE=false on the public key, so that it is found without a login. */
  readonly publicPrivateAttribute: boolean
  /** May a template that the module refuses be tried again without these niceties? Not where they decide what the key is. */
  readonly leanerRetry: boolean
  /** CKA_MODIFIABLE=false. */
  readonly modifiableAttribute: boolean
  /** Attributes of the vendor's own. */
  readonly extraPrivate?: readonly Attribute[]
}

/** What SoftHSM2, Luna and nShield softcards take: everything said explicitly. */
export const STRICT: TemplateTraits = {
  privateObjects: true,
  extractableAttribute: true,
  usageAttributes: true,
  publicPrivateAttribute: true,
  leanerRetry: true,
  modifiableAttribute: true,
}

/** Attributes that add nothing to non-exportability; dropped where a module refuses the whole template for one of them. */
export const withoutNiceties = (traits: TemplateTraits): TemplateTraits => ({
  ...traits,
  usageAttributes: false,
  publicPrivateAttribute: false,
  modifiableAttribute: false,
})

/** CKA_ID and CKA_LABEL stand on both halves. A key with these attributes can never leave the device. */
export function keyPairTemplates(
  spec: KeySpec,
  traits: TemplateTraits,
  id: Uint8Array = spec.id,
): { readonly publicTemplate: readonly Attribute[]; readonly privateTemplate: readonly Attribute[] } {
  const shape = KEY_SHAPES[spec.algorithm]
  const keyType = shape.kind === 'RSA' ? CKK.RSA : CKK.EC
  const names = [
    { type: CKA.KEY_TYPE, value: keyType },
    { type: CKA.TOKEN, value: true },
    { type: CKA.LABEL, value: Buffer.from(spec.label, 'utf8') },
    { type: CKA.ID, value: Buffer.from(id) },
  ]
  const publicTemplate: Attribute[] = [
    { type: CKA.CLASS, value: CKO.PUBLIC_KEY },
    ...names,
    { type: CKA.VERIFY, value: true },
    ...(traits.publicPrivateAttribute ? [{ type: CKA.PRIVATE, value: false }] : []),
    ...(shape.kind === 'RSA'
      ? [
          { type: CKA.MODULUS_BITS, value: shape.bits },
          { type: CKA.PUBLIC_EXPONENT, value: PUBLIC_EXPONENT },
        ]
      : [{ type: CKA.EC_PARAMS, value: Buffer.from(shape.params) }]),
  ]
  const privateTemplate: Attribute[] = [
    { type: CKA.CLASS, value: CKO.PRIVATE_KEY },
    ...names,
    { type: CKA.PRIVATE, value: traits.privateObjects },
    { type: CKA.SENSITIVE, value: true },
    { type: CKA.SIGN, value: true },
    ...(traits.extractableAttribute ? [{ type: CKA.EXTRACTABLE, value: false }] : []),
    ...(traits.usageAttributes ? [CKA.DECRYPT, CKA.UNWRAP, CKA.DERIVE].map((type) => ({ type, value: false })) : []),
    ...(traits.modifiableAttribute ? [{ type: CKA.MODIFIABLE, value: false }] : []),
    ...(traits.extraPrivate ?? []),
  ]
  return { publicTemplate, privateTemplate }
}
