/** What genuine evidence has that other people's parsers and validators stumble over. */
export type Oddity =
  | 'explicit-critical-false'
  | 'unsigned-signature-numbers'
  | 'padded-signature-numbers'
  | 'critical-key-purposes'
  | 'year-9999'
  | 'no-basic-constraints'
  | 'sha256-rsa-without-null'
  | 'older-chrysalis-root'
  | 'ordered-certificates'

interface OddityRow {
  readonly id: Oddity
  /** What it is, and who does what with it: one line for people. */
  readonly note: string
  /** The day on which the tools were last run on genuine evidence. */
  readonly measured: string
}

const MEASURED = '2026-11-29'

/** One oddity a row; docs/double-check.md has the same matrix, with a way round each. */
// biome-ignore format: a table
export const OTHER_TOOLS: readonly OddityRow[] = [
  { id: 'explicit-critical-false', note: 'a certificate writes "critical FALSE" out (not DER): Python cryptography cannot load it', measured: MEASURED },
  { id: 'unsigned-signature-numbers', note: 'r or s of the confirmation’s signature is written without a sign octet: OpenSSL, Node.js, Go and Bouncy Castle refuse the signature; Java, GnuTLS, pkijs and jsrsasign verify it', measured: MEASURED },
  { id: 'padded-signature-numbers', note: 'r or s of the confirmation’s signature begins with a zero octet that DER does not allow: OpenSSL, Node.js, Go, Java and jsrsasign refuse the signature; GnuTLS and pkijs verify it', measured: '2026-11-30' },
  { id: 'critical-key-purposes', note: 'extended key usage is critical: the path validators of Bouncy Castle and forge refuse it', measured: MEASURED },
  { id: 'year-9999', note: 'a certificate ends in the year 9999: Botan 2 refuses it, and Python overflows on arithmetic with that date east of UTC', measured: MEASURED },
  { id: 'no-basic-constraints', note: 'the certificate of slot F9 has no basicConstraints: OpenSSL says "invalid CA certificate", Go that it cannot sign', measured: MEASURED },
  { id: 'sha256-rsa-without-null', note: 'a signature algorithm (RSA with SHA-256) has no NULL parameters: Python’s path validator forbids that, and forge writes it otherwise, which breaks the signature', measured: MEASURED },
  { id: 'older-chrysalis-root', note: 'the older of two root certificates of one key is in the file: with it as anchor OpenSSL, Go and pkijs refuse the chain; with the newer one they do not', measured: MEASURED },
  { id: 'ordered-certificates', note: 'the order of the certificates matters: `openssl cms`, Java and Python sort or lose it when they write a PKCS#7, so send the file as the device wrote it', measured: MEASURED },
]
