import { DeviceError, type OpenOptions, type Secret, type SecretName } from '../device.ts'
import { checkPrivateKey } from '../http/connection-settings.ts'
import type { Redaction } from '../http/redaction.ts'
import type { FortanixSettings } from './settings.ts'

/** What the app shows to open a session, or a session that is open already. */
export interface Credential {
  /** Value of the Authorization header for POST /sys/v1/session/auth. */
  readonly authorization?: string
  /** A session's bearer token, used as it is. */
  readonly bearer?: string
  /** PEM private key for the TLS client certificate. */
  readonly clientKey?: string
}

/**
 * - `api-key`: DSM shows the key already as base64("app:secret"); it is sent unchanged.
 * - `certificate`: TLS client certificate, and base64("app:") to say which app.
 * - `external-token`: with appId a JWT of an outside issuer, as the password of the app; without appId an open session's bearer token.
 *
 * Source: Fortanix, "Authentication". Throws DeviceError `credential.refused`, `device.settings`.
 */
export async function readCredential(
  settings: FortanixSettings,
  ask: OpenOptions['secret'],
  redaction: Redaction,
): Promise<Credential> {
  const host = new URL(settings.endpoint).host
  switch (settings.authentication) {
    case 'api-key': {
      const key = textOf(await ask({ name: 'api-key', prompt: `API key of the app at ${host}` }), 'api-key', redaction)
      checkApiKey(key)
      redaction.add(Buffer.from(key, 'base64').toString('latin1').split(':').at(-1) ?? '')
      return { authorization: `Basic ${key}` }
    }
    case 'certificate': {
      const request = {
        name: 'client-certificate-key',
        prompt: `Private key of the app certificate for ${host}`,
      } as const
      const clientKey = checkPrivateKey(request.name, textOf(await ask(request), request.name, redaction))
      return { authorization: basic(settings.appId ?? '', ''), clientKey }
    }
    case 'external-token': {
      const token = textOf(await ask({ name: 'token', prompt: `Token for the app at ${host}` }), 'token', redaction)
      checkToken(token)
      return settings.appId === undefined ? { bearer: token } : { authorization: basic(settings.appId, token) }
    }
  }
}

/** Throws DeviceError `pin.malformed`, `device.settings`. */
export function checkSecret(name: SecretName, secret: Secret): void {
  if (name === 'api-key') checkApiKey(secret.text().trim())
  if (name === 'token') checkToken(secret.text().trim())
  if (name === 'client-certificate-key') checkPrivateKey(name, secret.text())
}

function checkApiKey(key: string): void {
  if (!/^[A-Za-z0-9+/]{8,}={0,2}$/.test(key)) throw malformed('the API key is not the base64 text that DSM shows')
}

function checkToken(token: string): void {
  if (!/^[\x21-\x7e]{8,}$/.test(token))
    throw malformed('the token holds blanks, line breaks or characters outside of ASCII')
}

const basic = (user: string, password: string): string =>
  `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`

function textOf(secret: Secret | undefined, name: SecretName, redaction: Redaction): string {
  if (secret === undefined) {
    throw new DeviceError('credential.refused', `Could not log in to DSM: no source is set for the ${name}.`, {
      remedy: `Set a source for ${name} in the profile's device section (file, environment, command).`,
    })
  }
  const text = secret.text().trim()
  redaction.add(text)
  return text
}

function malformed(why: string): DeviceError {
  return new DeviceError('pin.malformed', `Could not log in to DSM: ${why}. Nothing was sent.`, {
    remedy: 'Copy it again from the app in DSM, without quotes or line breaks.',
  })
}
