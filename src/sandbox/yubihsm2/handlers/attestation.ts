import { ALGORITHMS } from '../../../../devices/yubihsm2/algorithm.ts'
import { OBJECT_TYPES, ORIGINS } from '../../../../devices/yubihsm2/object-type.ts'
import { parseCertificate } from '../../../asn1/certificate.ts'
import type { CertificateTemplate } from '../../certificate-issuer.ts'
import { requireCapability, usableObject, visibleObject } from '../access.ts'
import { spkiOf } from '../asymmetric-key.ts'
import { refuse } from '../command-failure.ts'
import type { YubiHsm2AttestRequest } from '../evidence/issuer.ts'
import { type Execution, type Handlers, orInvalid } from '../execution.ts'

/** What is attested of an object; id 0 is the device's own static key. */
function subjectOf({ state, authKey }: Execution, id: number): Omit<YubiHsm2AttestRequest, 'alter'> {
  if (id === 0) {
    return {
      spki: spkiOf(state.staticKey),
      objectId: 0,
      origin: ORIGINS.generated,
      domains: 0,
      capabilities: 0n,
      label: '',
    }
  }
  const object = visibleObject(state.store, authKey, OBJECT_TYPES['asymmetric-key'], id)
  // Known issue of the device: Ed25519 keys cannot be attested.
  if (object.key === undefined || object.algorithm === ALGORITHMS.ed25519) throw refuse('invalidData')
  return {
    spki: spkiOf(object.key),
    objectId: id,
    origin: object.origin,
    domains: object.domains,
    capabilities: object.capabilities,
    label: object.label.toString('utf8').replace(/\0.*$/s, ''),
  }
}

/** An attesting key of the owner's: a certificate, an opaque object under the same id, is the template; of which key, no device asks. */
function ownTemplate(
  { state, authKey }: Execution,
  attestingId: number,
): (template: CertificateTemplate) => CertificateTemplate {
  const attesting = usableObject(state.store, authKey, 'asymmetric-key', attestingId, 'sign-attestation-certificate')
  const opaque = visibleObject(state.store, authKey, OBJECT_TYPES.opaque, attestingId)
  if (opaque.algorithm !== ALGORITHMS['opaque-x509-certificate'] || attesting.key === undefined)
    throw refuse('invalidData')
  const { key } = attesting
  const certificate = orInvalid(() => parseCertificate(opaque.bytes))
  return (template) => ({
    ...template,
    issuer: certificate.subject,
    issuerKey: key,
    notBefore: new Date(certificate.notBefore),
    notAfter: new Date(certificate.notAfter),
  })
}

export const attestation: Handlers = {
  'sign attestation certificate': (request, execution) => {
    const id = request.u16()
    const attestingId = request.u16()
    request.end()
    execution.touched.target = id
    execution.touched.second = attestingId
    requireCapability(execution.authKey, 'sign-attestation-certificate')
    const { personality, options, issuer } = execution.state
    const approved = personality.fips && personality.firmware[1] >= 4 ? { fipsApproved: options.fipsMode ? 1 : 0 } : {}
    const subject = { ...subjectOf(execution, id), ...approved }
    return issuer.attest(attestingId === 0 ? subject : { ...subject, alter: ownTemplate(execution, attestingId) })
  },
}
