/**
 * application/x-www-form-urlencoded (WHATWG URL 5.2), UTF-8. A base64 `+` becomes `%2B`: sent bare it would arrive as a
 * blank and break the CSR or the attestation. The order of the members is kept.
 */
export function encodeForm(form: Readonly<Record<string, string>>): string {
  return new URLSearchParams(Object.entries(form)).toString()
}
