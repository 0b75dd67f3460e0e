/** externalAccountBinding (RFC 8555 7.3.4): whoever holds an account of the CA says that an ACME account is theirs. */
import { createHmac } from 'node:crypto'
import type { Secret } from '../../devices/device.ts'
import { EnrollError } from '../errors.ts'
import type { AccountKey } from './account-key.ts'

/** What the CA gave out, by other means than ACME. */
export interface ExternalAccount {
  readonly keyId: string
  /** The MAC key in base64url, as CAs hand it out; asked for when an account is created or found. */
  readonly key: () => Promise<Secret>
}

/** The member of newAccount: a JWS with HS256 over the account's own key. Throws EnrollError `acme.external-account`. */
export async function externalAccountBinding(
  { keyId, key }: ExternalAccount,
  { jwk }: AccountKey,
  url: string,
): Promise<{ readonly protected: string; readonly payload: string; readonly signature: string }> {
  const secret = await key()
  const mac = macKey(secret)
  try {
    const [head, payload] = [encode({ alg: 'HS256', kid: keyId, url }), encode(jwk)]
    const signature = createHmac('sha256', mac).update(`${head}.${payload}`).digest('base64url')
    return { protected: head, payload, signature }
  } finally {
    mac.fill(0)
    secret.wipe()
  }
}

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

/** Some CAs show it with padding, or in plain base64. */
function macKey(secret: Secret): Buffer {
  const text = Buffer.from(secret.bytes()).toString('latin1').trim()
  if (/^[\w+/-]{16,}={0,2}$/.test(text)) return Buffer.from(text, 'base64url')
  throw new EnrollError('acme.external-account', 'Could not bind the ACME account: its MAC key is not base64url.', {
    remedy: 'Point acme.externalAccountKey at the key as the CA gave it: one line of base64url.',
  })
}
