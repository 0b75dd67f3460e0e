/** Attestations that are none of a signing key in one of the six families: told apart by an object that every one of them names. */

export interface OtherEvidence {
  /** Follows "it is ". */
  readonly what: string
  /** Another maker's PIV card that attests in the form of a YubiKey. */
  readonly card?: { readonly vendor: string; readonly model: string }
  /** An OBJECT IDENTIFIER of its maker or format, or a name in it, as its octets begin. */
  readonly holds: Buffer
}

const oidOctets = (hex: string): Buffer => Buffer.from(hex, 'hex')
const name = (text: string): Buffer => Buffer.from(text, 'latin1')

const TOKEN2 = { vendor: 'Token2', model: 'Token2 PIV' } as const
const CANOKEY = { vendor: 'CanoKeys', model: 'CanoKey' } as const

// biome-ignore format: a table
export const OTHERS: readonly OtherEvidence[] = [
  // id-fido-gen-ce-aaguid, 1.3.6.1.4.1.45724.1.1.4: WebAuthn 8.2.1.
  { what: 'a FIDO2 attestation: it speaks of a passkey, not of a key in a PIV slot', holds: oidOctets('2b0601040182e51c010104') },
  // id-fido-u2f-ce-transports, 1.3.6.1.4.1.45724.2.1.1: FIDO U2F Authenticator Transports Extension 1.2. Yubico's first devices have only the name.
  { what: 'a U2F attestation: it speaks of a security key for logins, not of a key in a PIV slot', holds: oidOctets('2b0601040182e51c020101') },
  { what: 'a U2F attestation: it speaks of a security key for logins, not of a key in a PIV slot', holds: name('Yubico U2F EE Serial') },
  // Yubico's arc for OpenPGP, 1.3.6.1.4.1.41482.5: docs.yubico.com/hardware/oid/oid-openpgp.html.
  { what: 'an attestation of an OpenPGP key of a YubiKey, not of a key in a PIV slot', holds: oidOctets('2b0601040182c40a05') },
  // Token2's enterprise number 66563; its cards also used Yubico's arc, under its own CA (Token2's PIV tools).
  { what: 'an attestation of a PIV card of Token2, not of a YubiKey', card: TOKEN2, holds: oidOctets('2b06010401848803') },
  { what: 'an attestation of a PIV card of Token2, not of a YubiKey', card: TOKEN2, holds: name('TOKEN2 PIV') },
  // github.com/arekinath/PivApplet, src/net/cooperi/pivapplet/PivApplet.java: the names that it writes, with Yubico's arc.
  { what: 'an attestation of a Java Card with PivApplet, not of a YubiKey', card: { vendor: 'PivApplet', model: 'Java Card with PivApplet' }, holds: name('PIVApplet Attestation') },
  // CanoKey's firmware: the subject that it writes, and its enterprise number 66602.
  { what: 'an attestation of a CanoKey, not of a YubiKey', card: CANOKEY, holds: name('CanoKey PIV Attestation') },
  { what: 'an attestation of a CanoKey, not of a YubiKey', card: CANOKEY, holds: oidOctets('2b0601040184882a') },
  // Pico OpenPGP: the subject that it writes.
  { what: 'an attestation of a Pico key, not of a YubiKey', card: { vendor: 'Pico Keys', model: 'Pico OpenPGP' }, holds: name('Pico OpenPGP PIV') },
  // Extension data of Android's key attestation, 1.3.6.1.4.1.11129.2.1.17: source.android.com/docs/security/features/keystore/attestation.
  { what: 'an attestation of a key in an Android device', holds: oidOctets('2b06010401d679020111') },
  // tcg-kp-AIKCertificate, 2.23.133.8.3: TCG Credential Profiles 2.1.
  { what: 'a certificate of a TPM', holds: oidOctets('6781050803') },
]

/** Any of them, in one pass: hardly a certificate has one. Every octet by its number: none means anything in an expression. */
const ANY = new RegExp(OTHERS.map(({ holds }) => holds.toString('hex').replace(/../g, '\\x$&')).join('|'))

/** What a certificate is the evidence of instead; undefined where it is no such. Malformed ones count: U2F has some that are. */
export function otherEvidence(der: Uint8Array): OtherEvidence | undefined {
  const octets = Buffer.from(der.buffer, der.byteOffset, der.length)
  return ANY.test(octets.toString('latin1')) ? OTHERS.find(({ holds }) => octets.includes(holds)) : undefined
}
