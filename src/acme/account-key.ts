import { createHash, createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { EnrollError } from '../errors.ts'

/** The key of an ACME account: what every request is signed with (RFC 8555 6.2), as ES256. */
export interface AccountKey {
  /** In the order of RFC 7638. */
  readonly jwk: Readonly<{ crv: string; kty: string; x: string; y: string }>
  /** SHA-256 of the JWK, base64url. */
  readonly thumbprint: string
  /** A flattened JWS. `identity`: the account's address, or the key itself for a new account. */
  sign(payload: string, header: JwsHeader): string
}

export interface JwsHeader {
  readonly url: string
  readonly nonce: string
  readonly kid?: string
}

/** Reads a P-256 private key in PEM. The text never appears in an error. Throws EnrollError `acme.account-key`. */
export function readAccountKey(pem: Uint8Array): AccountKey {
  const key = parse(pem)
  const { crv, kty, x, y } = key.export({ format: 'jwk' })
  if (kty !== 'EC' || crv !== 'P-256' || x === undefined || y === undefined) {
    throw refused(`it is not a P-256 key (${key.asymmetricKeyType ?? 'unknown'})`)
  }
  const jwk = { crv, kty, x, y }
  return {
    jwk,
    thumbprint: createHash('sha256').update(JSON.stringify(jwk)).digest('base64url'),
    sign: (payload, { url, nonce, kid }) => {
      const header = { alg: 'ES256', ...(kid === undefined ? { jwk } : { kid }), nonce, url }
      const [head, body] = [encode(JSON.stringify(header)), encode(payload)]
      const signature = sign('sha256', Buffer.from(`${head}.${body}`), { key, dsaEncoding: 'ieee-p1363' })
      return JSON.stringify({ protected: head, payload: body, signature: signature.toString('base64url') })
    },
  }
}

const encode = (text: string): string => Buffer.from(text).toString('base64url')

function parse(pem: Uint8Array): KeyObject {
  try {
    return createPrivateKey(Buffer.from(pem))
  } catch {
    // Whatever the library says of it may hold a part of the key.
    throw refused('it is not a private key in PEM without a passphrase')
  }
}

const refused = (why: string): EnrollError =>
  new EnrollError('acme.account-key', `Could not use the key of the ACME account: ${why}.`, {
    remedy:
      'Create one: `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out account.key`, and set acme.accountKey to file:account.key.',
  })
