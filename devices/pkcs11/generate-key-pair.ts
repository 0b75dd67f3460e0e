import type { KeySpec } from '../device.ts'
import { DeviceError } from '../device-error.ts'
import { identityTemplate } from './find-key-objects.ts'
import { KEY_SHAPES } from './key-algorithm.ts'
import { keyPairTemplates, type TemplateTraits, withoutNiceties } from './key-template.ts'
import { MECHANISM_REFUSED } from './return-codes.ts'
import type { GenerationPreference, TokenMechanisms } from './token-mechanisms.ts'
import { findObjects, mutable } from './token-objects.ts'
import type { TokenSession } from './token-session.ts'

export interface GeneratedHandles {
  readonly publicKey: Buffer
  readonly privateKey: Buffer
}

const LABEL = /^[\x20-\x7e]{1,32}$/

/** `reason`: why the device makes no such key, where it does not. Throws DeviceError before anything is asked of the token. */
export function checkKeySpec(spec: KeySpec, reason: string | undefined, subject: string): void {
  if (!LABEL.test(spec.label) || spec.id.length === 0 || spec.id.length > 64) {
    throw new DeviceError(
      'device.settings',
      'Could not set the name of the key: a label is 1 to 32 printable ASCII characters, an id 1 to 64 bytes.',
      { remedy: 'Choose another key label.' },
    )
  }
  if (reason !== undefined) {
    throw new DeviceError(
      'device.unsupported',
      `Could not generate a key of type ${spec.algorithm} on ${subject}: ${reason}.`,
      {
        remedy: 'Choose another key.algorithm.',
      },
    )
  }
}

/** Answers to a template that a leaner one may avoid. Nothing has been made then. */
const TEMPLATE_REFUSED = new Set([
  'CKR_ATTRIBUTE_TYPE_INVALID',
  'CKR_ATTRIBUTE_VALUE_INVALID',
  'CKR_ATTRIBUTE_READ_ONLY',
  'CKR_TEMPLATE_INCONSISTENT',
  'CKR_FIPS_TEMPLATE_INCONSISTENT',
])

/** Answers that say nothing (tpm2-pkcs11 answers so to an attribute that it does not take). A key may or may not have been made. */
const SAYS_NOTHING = new Set(['CKR_GENERAL_ERROR', 'CKR_FUNCTION_FAILED'])

/**
 * C_GenerateKeyPair with the best mechanism that the module takes. A mechanism that is listed and refused (FIPS modes do
 * that) gives way to the next; a template that is refused is tried once more without what does not matter for
 * non-exportability; so is one that fails without a reason, once the token shows that nothing was made. What matters is never dropped.
 */
export async function generateKeyPair(
  session: TokenSession,
  mechanisms: TokenMechanisms,
  preference: GenerationPreference,
  spec: KeySpec,
  traits: TemplateTraits,
  id: Uint8Array,
): Promise<GeneratedHandles> {
  const shape = KEY_SHAPES[spec.algorithm]
  const listed = (shape.kind === 'RSA' ? preference.rsa : preference.ec).filter((each) => mechanisms.has(each))
  let refusal: unknown
  for (const mechanism of listed) {
    const leaner = traits.leanerRetry ? withoutNiceties(traits) : undefined
    for (const fitted of leaner === undefined ? [traits] : [traits, leaner]) {
      try {
        return await generateOnce(session, mechanism, spec, fitted, id)
      } catch (error) {
        refusal = error
        const vendorCode = error instanceof DeviceError ? (error.vendorCode ?? '') : ''
        if (MECHANISM_REFUSED.has(vendorCode)) break
        const vague = SAYS_NOTHING.has(vendorCode) && leaner !== undefined && fitted !== leaner
        if (vague && nothingMade(session, spec, id)) continue
        if (!TEMPLATE_REFUSED.has(vendorCode)) throw error
      }
    }
  }
  throw refusal
}

/** False where the token cannot say: then the run ends, and looks for its key again. */
function nothingMade(session: TokenSession, { label }: KeySpec, id: Uint8Array): boolean {
  try {
    return (
      findObjects(session, identityTemplate({ id }), 'anything with the new id').length === 0 &&
      findObjects(session, identityTemplate({ label }), 'anything with the new label').length === 0
    )
  } catch (error) {
    if (error instanceof DeviceError) return false
    throw error
  }
}

async function generateOnce(
  session: TokenSession,
  mechanism: number,
  spec: KeySpec,
  traits: TemplateTraits,
  id: Uint8Array,
): Promise<GeneratedHandles> {
  const { publicTemplate, privateTemplate } = keyPairTemplates(spec, traits, id)
  const { cryptoki, handle } = session
  const detail = `${spec.algorithm}, mechanism 0x${mechanism.toString(16)}, label ${spec.label}`
  // The addon keeps raw pointers into these while its thread runs: the closure holds them for `runLong`.
  const publicArgument = mutable(publicTemplate)
  const privateArgument = mutable(privateTemplate)
  return await cryptoki.runLong('C_GenerateKeyPair', detail, (library) =>
    library.C_GenerateKeyPairAsync(handle, { mechanism }, publicArgument, privateArgument),
  )
}
