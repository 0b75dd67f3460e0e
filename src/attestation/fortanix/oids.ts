/** Fortanix's arc, as its certificates and its Java example name the parts. */
const ARC = '1.3.6.1.4.1.49690'

export const FORTANIX_OID = {
  /** Subject attribute of a statement: the key's UUID. */
  keyUuid: `${ARC}.1.2.2`,
  /** Node enrolment policy of the cluster, in the authority certificate. */
  enrollmentPolicy: `${ARC}.2.5`,
  /** Its items, in this order: the least protection that a node must have, and that an operator must let it in. */
  minimumProtection: `${ARC}.2.5.1`,
  fx2200: `${ARC}.2.5.1.1`,
  operatorApproval: `${ARC}.2.5.2`,
  /** Claim: the key was generated in DSM. */
  generatedInDsm: `${ARC}.2.4.1.1`,
  /** Claim: the key can never be exported, not even encrypted. */
  neverExportable: `${ARC}.2.4.1.2`,
  certificatePolicy: `${ARC}.6.1.2`,
  /** Extended key usage of a key attestation authority. */
  keyAttestation: `${ARC}.8.1`,
} as const

/** The two claims carry an empty SEQUENCE; anything else would be a claim with a condition that we do not know. */
export const EMPTY_SEQUENCE = Buffer.from('3000', 'hex')
