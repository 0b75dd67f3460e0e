/** Asks for the secret once and turns it into what opens a session. */
import type { KeyObject } from 'node:crypto'
import { DeviceError, type Secret, type SecretName, type SecretProvider } from '../device.ts'
import { type SecretForm, secretFormFault } from '../secret-form.ts'
import { readDevicePublicKey, readPrivateKey } from './asymmetric-keys.ts'
import type { Credential } from './authenticate.ts'
import { formatObjectId } from './object-type.ts'
import { deriveStaticKeys } from './session-keys.ts'
import type { YubiHsm2Settings } from './settings.ts'

/** Any text: the keys are derived from its bytes. */
const PASSWORD_FORM: SecretForm = { alphabet: 'any' }

/** Throws DeviceError `pin.missing`, `pin.malformed`, `device.settings`. Nothing has been sent to the device by then. */
export async function askCredential(
  settings: YubiHsm2Settings,
  serial: string,
  secret: SecretProvider,
): Promise<Credential> {
  const { authKeyId } = settings
  const of = `authentication key ${formatObjectId(authKeyId)} of YubiHSM 2 ${serial}`
  if (settings.authentication === 'password') {
    const password = await ask(secret, 'password', `Password of ${of}`)
    checkPassword(password, of)
    return { kind: 'password', authKeyId, keys: await deriveStaticKeys(password.bytes()) }
  }
  const pinned = settings.devicePublicKey === undefined ? undefined : readPinned(settings.devicePublicKey)
  const privateKey = readSecretKey(await ask(secret, 'authentication-key', `Private key of ${of}`), of)
  return { kind: 'asymmetric', authKeyId, privateKey, devicePublicKey: pinned }
}

/** Throws DeviceError `pin.malformed`. */
export function checkSecret(name: SecretName, secret: Secret): void {
  if (name === 'password') checkPassword(secret, 'the authentication key')
  if (name === 'authentication-key') readSecretKey(secret, 'the authentication key')
}

async function ask(secret: SecretProvider, name: 'password' | 'authentication-key', prompt: string): Promise<Secret> {
  const value = await secret({ name, prompt })
  if (value !== undefined) return value
  throw new DeviceError(
    'pin.missing',
    `The ${prompt.charAt(0).toLowerCase()}${prompt.slice(1)} is needed, but no source is configured for it.`,
    {
      remedy: `Set a source for the secret "${name}" in the profile (a file, an environment variable, a command), or run hsm-enroll in a terminal.`,
    },
  )
}

function checkPassword(password: Secret, of: string): void {
  const fault = secretFormFault(password, PASSWORD_FORM)
  if (fault === undefined) return
  throw new DeviceError('pin.malformed', `The password of ${of} was not sent: ${fault.why}.`, { remedy: fault.remedy })
}

function readSecretKey(secret: Secret, of: string): KeyObject {
  try {
    return readPrivateKey(secret.bytes())
  } catch {
    // The cause may quote the key: it is left out.
    throw new DeviceError('pin.malformed', `The private key of ${of} is not a P-256 private key.`, {
      remedy: 'Provide it as unencrypted PEM, as 32 bytes, or as 64 hex digits.',
    })
  }
}

function readPinned(text: string): KeyObject {
  try {
    return readDevicePublicKey(text)
  } catch (cause) {
    throw new DeviceError(
      'device.settings',
      'Could not use the YubiHSM 2 setting "devicePublicKey": it is not a P-256 public key.',
      {
        remedy: 'Write it as PEM or as 128 hex digits, as `yubihsm-shell -a get-device-pubkey` prints it.',
        cause,
      },
    )
  }
}
