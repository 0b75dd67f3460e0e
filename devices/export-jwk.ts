import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'

/** An asymmetric key as a JSON Web Key (RFC 7517), by way of a copy: `copyOfKey` says why. */
export const exportJwk = (key: KeyObject): JsonWebKey => copyOfKey(key).export({ format: 'jwk' })

/**
 * Of the object that generateKeyPair returned, Node.js 20 exports a JWK and reads `asymmetricKeyDetails` under a lock that the job which
 * generated it takes, too, when it is collected as garbage: if that happens meanwhile, the process waits for itself forever.
 */
export const copyOfKey = (key: KeyObject): KeyObject =>
  key.type === 'private'
    ? createPrivateKey({ key: key.export({ type: 'pkcs8', format: 'der' }), format: 'der', type: 'pkcs8' })
    : createPublicKey({ key: key.export({ type: 'spki', format: 'der' }), format: 'der', type: 'spki' })
