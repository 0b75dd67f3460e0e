/** How programs of others reach a key: through the PKCS#11 module of its vendor. */
export interface SigningAccess {
  /** Absolute path: found on this host, or where the vendor's package puts it. */
  readonly module: string
  readonly isFound: boolean
  /** What the module needs to be told through its environment; a file that its vendor's page describes. */
  readonly environment?: Readonly<Record<string, string>>
  /** CKA_LABEL of the token. */
  readonly token?: string
  readonly serial?: string
  /** CKA_ID of the key and of its certificate. */
  readonly id?: Uint8Array
  /** CKA_LABEL of the certificate, or where there is none of the key: what Java calls the alias. */
  readonly label?: string
  /** Does the module show the certificate, with subject and issuer? NSS and Java go by it. */
  readonly showsCertificate: boolean
  /** What to type as the PIN, where that is not the PIN alone. */
  readonly pinForm?: string
  /** What is special about this device, a sentence each. */
  readonly pitfalls: readonly string[]
}

/** Every octet of an id, percent-encoded (RFC 7512 section 2.3). */
const percentId = (id: Uint8Array): string => [...id].map((octet) => `%${octet.toString(16).padStart(2, '0')}`).join('')

const percentText = (text: string): string => encodeURIComponent(text).replaceAll("'", '%27')

/** The PKCS#11 URI of the private key or of its certificate. */
export function pkcs11KeyUri({ token, serial, id, label }: SigningAccess, type: 'private' | 'cert'): string {
  const attributes = [
    ...(token === undefined ? [] : [`token=${percentText(token)}`]),
    ...(serial === undefined ? [] : [`serial=${percentText(serial)}`]),
    ...(id === undefined ? [`object=${percentText(label ?? '')}`] : [`id=${percentId(id)}`]),
    `type=${type}`,
  ]
  return `pkcs11:${attributes.join(';')}`
}
