/** Upper bounds in characters of the attribute types of a subject (RFC 5280 Appendix A.1; X.520). */
export const SUBJECT_BOUNDS: readonly { readonly type: string; readonly maximum: number }[] = [
  { type: 'CN', maximum: 64 },
  { type: 'O', maximum: 64 },
  { type: 'OU', maximum: 64 },
  { type: 'title', maximum: 64 },
  { type: 'serialNumber', maximum: 64 },
  { type: 'L', maximum: 128 },
  { type: 'ST', maximum: 128 },
  { type: 'street', maximum: 128 },
  { type: 'postalCode', maximum: 40 },
  { type: 'businessCategory', maximum: 128 },
  { type: 'emailAddress', maximum: 255 },
  // Exactly two letters (ISO 3166-1), so that a country's name is caught as well.
  { type: 'C', maximum: 2 },
]
