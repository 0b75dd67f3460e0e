import { verify } from 'node:crypto'
import type { HashName } from '../device.ts'
import { DeviceError } from '../device-error.ts'
import { CKM } from './pkcs11-constants.ts'
import { MECHANISM_REFUSED } from './return-codes.ts'
import { digestInfo, ecdsaInput, ecdsaSignatureToDer, HASHES } from './signature-format.ts'
import type { TokenKey } from './token-key.ts'
import type { TokenMechanisms } from './token-mechanisms.ts'
import type { TokenSession } from './token-session.ts'

interface SigningStep {
  readonly mechanism: number
  readonly input: Buffer
}

const MAX_SIGNATURE_BYTES = 2048

/** The agent hashes; a module that only signs what it has hashed itself gets the data. */
function signingSteps(
  key: TokenKey,
  hash: HashName,
  data: Uint8Array,
  mechanisms: TokenMechanisms,
): readonly SigningStep[] {
  const bytes = Buffer.from(data)
  const steps: readonly SigningStep[] = key.isRsa
    ? [
        { mechanism: CKM.RSA_PKCS, input: digestInfo(hash, data) },
        { mechanism: HASHES[hash].rsa, input: bytes },
      ]
    : [
        { mechanism: CKM.ECDSA, input: ecdsaInput(hash, data, key.fieldBytes) },
        { mechanism: HASHES[hash].ecdsa, input: bytes },
      ]
  return steps.filter(({ mechanism }) => mechanisms.has(mechanism))
}

export interface SigningOptions {
  /** The key wants its PIN after C_SignInit, each time. */
  readonly alwaysAuthenticate: boolean
  /** False where a refused signature may mean a missing touch: no second one is asked for. */
  readonly askAgain: boolean
}

/**
 * A signature as X.509 wants it, verified against the key's public half before it is given out.
 * Throws DeviceError; `device.protocol` where the signature does not verify.
 */
export async function signWithKey(
  session: TokenSession,
  mechanisms: TokenMechanisms,
  key: TokenKey,
  privateKey: Buffer,
  hash: HashName,
  data: Uint8Array,
  options: SigningOptions,
): Promise<Uint8Array> {
  let refusal: unknown = new DeviceError(
    'device.unsupported',
    `Could not sign on ${session.cryptoki.subject}: it lists no mechanism for ${key.isRsa ? 'RSA' : 'ECDSA'} with ${hash}.`,
    {
      remedy: 'Choose another hash, or another key type.',
    },
  )
  for (const step of signingSteps(key, hash, data, mechanisms)) {
    try {
      const raw = await signStep(session, privateKey, step, options)
      return checkedSignature(key, hash, data, raw, session.cryptoki.subject)
    } catch (error) {
      refusal = error
      const vendorCode = error instanceof DeviceError ? (error.vendorCode ?? '') : ''
      if (!MECHANISM_REFUSED.has(vendorCode) && vendorCode !== 'CKR_MECHANISM_PARAM_INVALID') throw error
    }
  }
  throw refusal
}

async function signStep(
  session: TokenSession,
  privateKey: Buffer,
  step: SigningStep,
  options: SigningOptions,
): Promise<Buffer> {
  const { cryptoki, handle } = session
  const detail = `mechanism 0x${step.mechanism.toString(16)}`
  const attempt = async (authenticate: boolean): Promise<Buffer> => {
    cryptoki.run('C_SignInit', detail, (library) =>
      library.C_SignInit(handle, { mechanism: step.mechanism }, privateKey),
    )
    if (authenticate) await session.loginForOperation()
    const output = Buffer.alloc(MAX_SIGNATURE_BYTES)
    return Buffer.from(
      await cryptoki.runLong('C_Sign', `${step.input.length} bytes`, (library) =>
        library.C_SignAsync(handle, step.input, output),
      ),
    )
  }
  try {
    return await attempt(options.alwaysAuthenticate)
  } catch (error) {
    // A PIN policy "always" that the module does not show as CKA_ALWAYS_AUTHENTICATE (ykcs11 outside slot 9c).
    const notLoggedIn = error instanceof DeviceError && error.vendorCode === 'CKR_USER_NOT_LOGGED_IN'
    if (!notLoggedIn || options.alwaysAuthenticate || !options.askAgain) throw error
    return await attempt(true)
  }
}

function checkedSignature(key: TokenKey, hash: HashName, data: Uint8Array, raw: Buffer, subject: string): Uint8Array {
  const bad = (why: string): DeviceError =>
    new DeviceError('device.protocol', `Could not use the signature from ${subject}: ${why}.`, {
      remedy: 'Check that label and id match only one key pair, and check the device; nothing was sent anywhere.',
    })
  let signature: Uint8Array
  try {
    signature = key.isRsa ? Uint8Array.from(raw) : ecdsaSignatureToDer(raw, key.fieldBytes)
  } catch (error) {
    throw error instanceof RangeError ? bad(error.message) : error
  }
  if (!verify(HASHES[hash].node, data, key.publicKeyObject, signature))
    throw bad("it does not verify with the pair's public key")
  return signature
}
