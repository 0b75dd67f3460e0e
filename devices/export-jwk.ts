import { createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'

/**
 * An asymmetric key as a JSON Web Key (RFC 7517), by way of a copy. Of the object that generateKeyPair returned, Node.js 20 exports it
 * under a lock that the job which generated it takes, too, when it is collected as garbage: if that happens during the export, the
 * process waits for itself forever.
 */
export function exportJwk(key: KeyObject): JsonWebKey {
  const copy =
    key.type === 'private'
      ? createPrivateKey({ key: key.export({ type: 'pkcs8', format: 'der' }), format: 'der', type: 'pkcs8' })
      : createPublicKey({ key: key.export({ type: 'spki', format: 'der' }), format: 'der', type: 'spki' })
  return copy.export({ format: 'jwk' })
}
