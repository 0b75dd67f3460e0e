/** What a package looks like from outside. */
export type PackageForm = 'pem' | 'der' | 'gzip' | 'zip' | 'json' | 'base64' | 'utf-16' | 'bom' | 'unknown'

/** Looks at what a `keyAttestation` value holds; undefined where it is no base64. */
export function describePackage(keyAttestation: string): PackageForm | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(keyAttestation)) return undefined
  const bytes = Buffer.from(keyAttestation, 'base64')
  const [first, second] = bytes
  if (first === 0x1f && second === 0x8b) return 'gzip'
  if (first === 0x50 && second === 0x4b) return 'zip'
  if (first === 0x30 && second !== undefined && second >= 0x80) return 'der'
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return 'utf-16'
  if (first === 0xef && second === 0xbb) return 'bom'
  const text = bytes.toString('latin1').trim()
  if (text.includes('-----BEGIN ')) return 'pem'
  if (text.startsWith('{')) return 'json'
  return text.length > 40 && /^[A-Za-z0-9+/\s]+={0,2}$/.test(text) ? 'base64' : 'unknown'
}
