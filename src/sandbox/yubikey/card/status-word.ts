/** Status words of the PIV application (ISO 7816-4 5.6, SP 800-73-4 part 2, and what YubiKeys answer). */
export const SW = {
  ok: 0x9000,
  moreData: 0x6100,
  /** The low nibble holds the tries left. */
  pinWrong: 0x63c0,
  wrongLength: 0x6700,
  chainingUnsupported: 0x6884,
  securityStatus: 0x6982,
  blocked: 0x6983,
  conditionsNotMet: 0x6985,
  wrongData: 0x6a80,
  functionUnsupported: 0x6a81,
  notFound: 0x6a82,
  noSpace: 0x6a84,
  wrongParameters: 0x6a86,
  referenceNotFound: 0x6a88,
  wrongP1P2: 0x6b00,
  wrongInstruction: 0x6d00,
  wrongClass: 0x6e00,
  failed: 0x6f00,
} as const

/** Ends a command with a status word other than 9000. The card never answers data with it. */
export class StatusError extends Error {
  override readonly name = 'StatusError'
  readonly statusWord: number

  constructor(statusWord: number) {
    super(`status word ${statusWord.toString(16).padStart(4, '0')}`)
    this.statusWord = statusWord
  }
}

/** Throws where the condition does not hold. */
export function ensure(condition: boolean, statusWord: number): asserts condition {
  if (!condition) throw new StatusError(statusWord)
}
