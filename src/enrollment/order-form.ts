import { familyOf } from '../../devices/open.ts'
import type { Configuration } from '../config/configuration.ts'
import { deviceProfile, orderForm } from '../config/profile.ts'
import type { HsmType } from '../hsm-type.ts'
import type { OrderForm } from '../sectigo/certificate-authority.ts'
import { sha256Hex } from '../sha256-hex.ts'

/** The profile's hsmType, or the one that its device URI names. */
export function hsmTypeOf(configuration: Configuration): HsmType {
  const { uri, hsmType } = deviceProfile(configuration)
  return familyOf(uri, hsmType)
}

export interface OrderMaterial {
  readonly hsmType: HsmType
  /** PKCS#10, DER. */
  readonly csr: Uint8Array
  readonly attestation: Uint8Array
  readonly runId: string
  readonly test: boolean
}

/** The exact form of one order, credentials left out: the profile's parameters plus what only the run knows. */
export function completeOrderForm(configuration: Configuration, material: OrderMaterial): OrderForm {
  return {
    ...orderForm(configuration),
    csr: Buffer.from(material.csr).toString('base64'),
    hsmType: material.hsmType,
    keyAttestation: Buffer.from(material.attestation).toString('base64'),
    responseFormat: '1',
    showCertificateID: 'Y',
    ...(material.test ? { test: 'Y' } : {}),
    ...(configuration.flag('sectigo.foreignOrderNumber')
      ? { foreignOrderNumber: material.runId, checkFONsUnique: 'Y' }
      : {}),
  }
}

/** SHA-256 over the sorted `name=value` lines: the same form has the same digest wherever it is computed. */
export function formDigest(form: OrderForm): string {
  const lines = Object.entries(form).map(([name, value]) => `${name}=${value}`)
  return sha256Hex(lines.sort().join('\n'))
}
