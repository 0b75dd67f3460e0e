/** Attestations that are none of a signing key in one of the six families: told apart by an object that every one of them names. */

interface OtherEvidence {
  /** Follows "it is ". */
  readonly what: string
  /** An OBJECT IDENTIFIER of its maker or format, or a name in it, as its octets begin. */
  readonly holds: Buffer
}

const oidOctets = (hex: string): Buffer => Buffer.from(hex, 'hex')
const name = (text: string): Buffer => Buffer.from(text, 'latin1')

// biome-ignore format: a table
const OTHERS: readonly OtherEvidence[] = [
  // id-fido-gen-ce-aaguid, 1.3.6.1.4.1.45724.1.1.4: WebAuthn 8.2.1.
  { what: 'a FIDO2 attestation: it speaks of a passkey, not of a key in a PIV slot', holds: oidOctets('2b0601040182e51c010104') },
  // id-fido-u2f-ce-transports, 1.3.6.1.4.1.45724.2.1.1: FIDO U2F Authenticator Transports Extension 1.2. Yubico's first devices have only the name.
  { what: 'a U2F attestation: it speaks of a security key for logins, not of a key in a PIV slot', holds: oidOctets('2b0601040182e51c020101') },
  { what: 'a U2F attestation: it speaks of a security key for logins, not of a key in a PIV slot', holds: name('Yubico U2F EE Serial') },
  // Yubico's arc for OpenPGP, 1.3.6.1.4.1.41482.5: docs.yubico.com/hardware/oid/oid-openpgp.html.
  { what: 'an attestation of an OpenPGP key of a YubiKey, not of a key in a PIV slot', holds: oidOctets('2b0601040182c40a05') },
  // Extension data of Android's key attestation, 1.3.6.1.4.1.11129.2.1.17: source.android.com/docs/security/features/keystore/attestation.
  { what: 'an attestation of a key in an Android device', holds: oidOctets('2b06010401d679020111') },
  // tcg-kp-AIKCertificate, 2.23.133.8.3: TCG Credential Profiles 2.1.
  { what: 'a certificate of a TPM', holds: oidOctets('6781050803') },
]

/** What a certificate is the evidence of instead; undefined where it is no such. Malformed ones count: U2F has some that are. */
export const otherEvidence = (der: Uint8Array): string | undefined =>
  OTHERS.find(({ holds }) => Buffer.from(der.buffer, der.byteOffset, der.length).includes(holds))?.what
