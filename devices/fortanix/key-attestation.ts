import { X509Certificate } from 'node:crypto'
import { type Attestation, DeviceError } from '../device.ts'
import { decodeBase64, JsonFields, protocolError } from '../http/json-fields.ts'

const MAX_AUTHORITY_CERTIFICATES = 10

/**
 * The reply of POST /crypto/v1/keys/key_attestation as evidence. The package is the reply itself, byte for byte: the JSON that
 * DSM's own page offers as key_attestation_<kid>.json. No published text says which bytes the CA takes; the JSON is the likely
 * form, and the certificates stand beside it as PEM for any other.
 * Throws DeviceError `device.protocol` where it is no attestation of this key. It does not judge it: the verifier does.
 */
export function readKeyAttestation(json: unknown, body: Uint8Array, publicKey: Uint8Array): Attestation {
  const reply = new JsonFields(json, 'the key attestation')
  const statement = reply.object('attestation_statement')
  const format = statement.text('format')
  if (format !== 'x509_certificate') {
    throw new DeviceError(
      'key.not-attestable',
      `DSM attests in the format "${format.slice(0, 40)}", which hsm-enroll does not support.`,
      {
        remedy: 'Update hsm-enroll, or ask Fortanix for the x509_certificate format.',
      },
    )
  }
  const chain = reply.texts('authority_chain')
  if (chain.length === 0 || chain.length > MAX_AUTHORITY_CERTIFICATES) {
    throw protocolError(`the key attestation contains ${chain.length} authority certificates`)
  }
  const leaf = readCertificate(statement.bytes('statement'))
  if (!leaf.publicKey.export({ type: 'spki', format: 'der' }).equals(publicKey)) {
    throw protocolError('the attestation statement is for another key')
  }
  const authorities = chain.map((text) => readCertificate(decodeBase64(text) ?? new Uint8Array()).toString())
  return {
    hsmType: 'FORTANIX',
    package: body,
    artefacts: {
      'attestation-statement.pem': Buffer.from(leaf.toString()),
      'authority-chain.pem': Buffer.from(authorities.join('')),
    },
  }
}

function readCertificate(der: Uint8Array): X509Certificate {
  try {
    return new X509Certificate(der)
  } catch {
    throw protocolError('the key attestation contains something that is not a certificate')
  }
}
