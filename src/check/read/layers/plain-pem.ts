import { derKind } from '../../../asn1/der-kind.ts'
import { writePem } from '../../../asn1/pem.ts'
import { readPlainPem } from '../../../attestation/package/plain-pem.ts'
import type { Layer } from '../layer.ts'
import { refusePrivateKey } from '../private-key-guard.ts'
import { MAX_BLOCKS } from './pem.ts'

/**
 * Certificates exactly as they would be written here, and nothing else: the form of most files of a batch. What the layers for text find in
 * it, at a quarter of the cost.
 */
export const plainPemLayer: Layer<Uint8Array> = (bytes) => {
  const ders = readPlainPem(bytes)
  if (ders === undefined || ders.length > MAX_BLOCKS || ders.some((der) => derKind(der) !== 'certificate'))
    return undefined
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  if (ders.map((der) => writePem('CERTIFICATE', der)).join('') !== text) return undefined
  for (const der of ders) refusePrivateKey(der)
  return { items: ders.map((der) => ({ kind: 'certificate', der })) }
}
