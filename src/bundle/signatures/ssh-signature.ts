/** SSH signatures as `ssh-keygen -Y sign` writes them (OpenSSH PROTOCOL.sshsig), verified without it. */
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto'
import { BundleFault } from '../bundle-fault.ts'
import { SshReader, sshString } from './ssh-wire.ts'

/** A signature made for something else does not count here. */
export const SSH_NAMESPACE = 'bundle@hsm-enroll'

const BEGIN = '-----BEGIN SSH SIGNATURE-----'
const END = '-----END SSH SIGNATURE-----'
const MAX_SIZE = 16_384

/** Who signed, once the signature holds: the key as `authorized_keys` has it, and its fingerprint. */
export interface SshSigner {
  /** `ssh-ed25519 AAAA…`, without a comment. */
  readonly publicKey: string
  /** `SHA256:…`, as `ssh-keygen -l` prints it. */
  readonly fingerprint: string
}

/** Verifies a signature file over `message`. Throws BundleFault with what is wrong. */
export function verifySshSignature(file: Uint8Array, message: Uint8Array): SshSigner {
  const blob = unarmour(file)
  const reader = new SshReader(blob)
  if (reader.take(6).toString('latin1') !== 'SSHSIG' || reader.uint32() !== 1)
    throw new BundleFault('it is not an SSH signature of version 1')
  const key = reader.string()
  const namespace = reader.string().toString('utf8')
  const reserved = reader.string()
  const hash = reader.string().toString('latin1')
  const signature = reader.string()
  reader.end()
  if (namespace !== SSH_NAMESPACE)
    throw new BundleFault(`it was made for "${namespace.slice(0, 80)}", not "${SSH_NAMESPACE}"`)
  if (hash !== 'sha512' && hash !== 'sha256') throw new BundleFault(`the hash ${hash.slice(0, 40)} is not supported`)
  const signed = Buffer.concat([
    Buffer.from('SSHSIG'),
    ...[Buffer.from(namespace), reserved, Buffer.from(hash), createHash(hash).update(message).digest()].map(sshString),
  ])
  if (!holds(key, signature, signed)) throw new BundleFault('the signature does not match the statement')
  return {
    publicKey: `${new SshReader(key).string().toString('latin1')} ${key.toString('base64')}`,
    fingerprint: `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`,
  }
}

/** The armour in its one form, so that no octet of the file is without a meaning. */
function unarmour(file: Uint8Array): Buffer {
  const text = Buffer.from(file).toString('latin1')
  const lines = text.split('\n')
  const base64 = lines.slice(1, -2).join('')
  const blob = Buffer.from(base64, 'base64')
  const body = blob.toString('base64').match(/.{1,70}/g) ?? []
  if (file.length > MAX_SIZE || text !== `${[BEGIN, ...body, END].join('\n')}\n`)
    throw new BundleFault('it is not as ssh-keygen writes it')
  return blob
}

/** Signature algorithm -> hash; an ECDSA key has its own. RSA with SHA-1 (`ssh-rsa`) is not in it. */
const RSA_HASHES: Readonly<Record<string, string>> = { 'rsa-sha2-256': 'sha256', 'rsa-sha2-512': 'sha512' }
const CURVES: Readonly<Record<string, { readonly name: string; readonly hash: string; readonly octets: number }>> = {
  nistp256: { name: 'P-256', hash: 'sha256', octets: 32 },
  nistp384: { name: 'P-384', hash: 'sha384', octets: 48 },
  nistp521: { name: 'P-521', hash: 'sha512', octets: 66 },
}

function holds(key: Buffer, signature: Buffer, signed: Buffer): boolean {
  const [from, by] = [new SshReader(key), new SshReader(signature)]
  const type = from.string().toString('latin1')
  const algorithm = by.string().toString('latin1')
  const bytes = by.string()
  const isToken = type.startsWith('sk-')
  if (type !== algorithm && !(type === 'ssh-rsa' && algorithm in RSA_HASHES)) return false
  if (type === 'ssh-rsa') {
    const exponent = from.string()
    const modulus = from.string()
    from.end()
    by.end()
    return verify(RSA_HASHES[algorithm] ?? '', signed, rsaKey(modulus, exponent), bytes)
  }
  if (type === 'ssh-ed25519' || type === 'sk-ssh-ed25519@openssh.com') {
    const point = from.string()
    const message = isToken ? tokenMessage(from, by, signed) : signed
    from.end()
    by.end()
    return verify(null, message, jwk({ kty: 'OKP', crv: 'Ed25519', x: point.toString('base64url') }), bytes)
  }
  const curve = CURVES[from.string().toString('latin1')]
  const point = from.string()
  if (curve === undefined || point[0] !== 4 || point.length !== 1 + 2 * curve.octets)
    throw new BundleFault(`the key type ${type.slice(0, 60)} is not supported`)
  const message = isToken ? tokenMessage(from, by, signed) : signed
  from.end()
  by.end()
  const numbers = new SshReader(bytes)
  const pair = Buffer.concat([numbers.unsigned(curve.octets), numbers.unsigned(curve.octets)])
  numbers.end()
  const [x, y] = [point.subarray(1, 1 + curve.octets), point.subarray(1 + curve.octets)]
  const public_ = jwk({ kty: 'EC', crv: curve.name, x: x.toString('base64url'), y: y.toString('base64url') })
  return verify(curve.hash, message, { key: public_, dsaEncoding: 'ieee-p1363' }, pair)
}

/** A FIDO token signs the hash of the application, its flags, its counter and the hash of the message (PROTOCOL.u2f); a person touched it. */
function tokenMessage(key: SshReader, signature: SshReader, signed: Buffer): Buffer {
  const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()
  const application = key.string()
  const flags = signature.take(1)
  const counter = signature.take(4)
  if (((flags[0] ?? 0) & 1) === 0) throw new BundleFault('nobody touched the token that signed')
  return Buffer.concat([sha256(application), flags, counter, sha256(signed)])
}

function rsaKey(modulus: Buffer, exponent: Buffer): KeyObject {
  if (modulus.length > 1025 || modulus.length < 256 || exponent.length > 5)
    throw new BundleFault('its RSA key has an unusual size')
  return jwk({ kty: 'RSA', n: modulus.toString('base64url'), e: exponent.toString('base64url') })
}

function jwk(key: Record<string, string>): KeyObject {
  try {
    return createPublicKey({ key, format: 'jwk' })
  } catch {
    throw new BundleFault('its key cannot be used')
  }
}
