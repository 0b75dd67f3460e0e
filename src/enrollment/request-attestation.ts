/** The attestation that a request carries itself, for CAs that read it there: which forms a profile asks for, and what they are made of. */
import type { Attestation, HsmType } from '../../devices/device.ts'
import { readDer } from '../asn1/der.ts'
import { ifReadable } from '../asn1/der-error.ts'
import { octetString } from '../asn1/der-writer.ts'
import { PemError, readPem } from '../asn1/pem.ts'
import { YUBIKEY_OID } from '../attestation/yubikey/extensions.ts'
import type { Configuration } from '../config/configuration.ts'
import { attestationType } from '../config/profile.ts'
import { attestationAttribute } from '../csr/attestation-bundle.ts'
import type { FurtherExtension, RequestTemplate } from '../csr/build-certification-request.ts'
import { EnrollError } from '../errors.ts'
import { hsmTypeOf } from './order-form.ts'

/** What the request is to carry. */
export interface AttestationWish {
  /** OID of the statement in id-aa-attestation, dotted; undefined if that form is not asked for. */
  readonly bundleType?: string
  /** In Yubico's extensions, as yubico-piv-tool writes them. */
  readonly yubico: boolean
}

/** Undefined if the request is to carry none. Throws EnrollError `csr.attestation`, `config.value`. */
export function attestationWish(configuration: Configuration): AttestationWish | undefined {
  const forms = configuration.list('request.attestation')
  if (forms.length === 0) return undefined
  const hsmType = hsmTypeOf(configuration)
  const bundleType = attestationType(configuration)
  if (forms.includes('yubico') && hsmType !== 'YUBIKEY') throw notYubico(hsmType)
  if (forms.includes('bundle') && bundleType === undefined) throw NO_TYPE()
  return {
    ...(forms.includes('bundle') && bundleType !== undefined ? { bundleType } : {}),
    yubico: forms.includes('yubico'),
  }
}

const NO_TYPE = (): EnrollError =>
  new EnrollError(
    'csr.attestation',
    'Could not write id-aa-attestation: the OID of its statement is not set, and no vendor has published one for its attestations.',
    {
      remedy: 'Set request.attestationType (or --attestation-type) to the OID that the CA expects; ask the CA for it.',
    },
  )

const notYubico = (hsmType: HsmType): EnrollError =>
  new EnrollError(
    'csr.attestation',
    `Could not write Yubico's extensions: the device is ${hsmType}, and they are those of a YubiKey's slots.`,
    { remedy: 'Remove "yubico" from request.attestation (or --attestation-form).' },
  )

/** The template with the attestation in the forms that are asked for. */
export function withAttestation(
  template: RequestTemplate,
  { bundleType, yubico }: AttestationWish,
  attestation: Attestation,
): RequestTemplate {
  const attributes = bundleType === undefined ? [] : [bundleOf(bundleType, attestation)]
  return {
    ...template,
    attributes: [...(template.attributes ?? []), ...attributes],
    furtherExtensions: [...(template.furtherExtensions ?? []), ...(yubico ? yubicoExtensions(attestation) : [])],
  }
}

/**
 * Evidence that is certificates: the one of the key is the statement, the others go beside it. All other evidence is not one ASN.1
 * value of a type of its own, and stands in an OCTET STRING, as the CA gets it from hsm-enroll otherwise.
 */
function bundleOf(type: string, { package: package_, certChains }: Attestation) {
  const [leaf, ...others] = certificatesOf(package_)
  return leaf === undefined
    ? attestationAttribute(
        [{ type, statement: octetString(package_) }],
        certChains === undefined ? [] : certificatesOf(certChains),
      )
    : attestationAttribute([{ type, statement: leaf }], others)
}

/** yubico-piv-tool 2.7.2 and later: the DER of the certificates directly as values; .3.1 the leaf, .3.2 that of slot F9. */
function yubicoExtensions({ package: package_ }: Attestation): readonly FurtherExtension[] {
  const [leaf, f9] = certificatesOf(package_)
  if (leaf === undefined || f9 === undefined) throw new Error('the attestation of a YubiKey is two certificates')
  return [
    { oid: YUBIKEY_OID.csrLeaf, value: leaf },
    { oid: YUBIKEY_OID.csrF9, value: f9 },
  ]
}

const HYPHEN = 0x2d

/** The certificates of a package that is PEM and nothing else, each in DER; none of any other. */
function certificatesOf(package_: Uint8Array): readonly Uint8Array[] {
  if (package_[0] !== HYPHEN) return []
  try {
    const blocks = readPem(Buffer.from(package_).toString('latin1'))
    const whole = blocks.every(
      ({ label, der }) => label === 'CERTIFICATE' && ifReadable(() => readDer(der)) !== undefined,
    )
    return whole ? blocks.map(({ der }) => der) : []
  } catch (error) {
    if (error instanceof PemError) return []
    throw error
  }
}
