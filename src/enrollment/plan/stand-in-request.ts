import { generateKeyPairSync, sign } from 'node:crypto'
import { writePem } from '../../asn1/pem.ts'
import type { Configuration } from '../../config/configuration.ts'
import { keyProfile } from '../../config/profile.ts'
import { buildCertificationRequest, type RequestTemplate } from '../../csr/build-certification-request.ts'
import { EnrollError } from '../../errors.ts'

/**
 * The request that the device will sign, in PEM, signed with a key that is thrown away: what the CA will refuse of it is seen before
 * the real key exists. Undefined where it cannot be written, which is said elsewhere. Never sent.
 */
export async function standInRequest(
  template: RequestTemplate,
  configuration: Configuration,
): Promise<string | undefined> {
  const namedCurve = keyProfile(configuration).algorithm === 'P-384' ? 'P-384' : 'P-256'
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve })
  try {
    const { der } = await buildCertificationRequest(template, {
      publicKey: publicKey.export({ format: 'der', type: 'spki' }),
      sign: async (hash, data) => sign(hash, data, privateKey),
    })
    return writePem('CERTIFICATE REQUEST', der)
  } catch (error) {
    if (error instanceof EnrollError) return undefined
    throw error
  }
}
