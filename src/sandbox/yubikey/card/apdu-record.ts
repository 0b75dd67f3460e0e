/** What went over the wire, without the secrets. */

export interface ApduExchange {
  /** Hex. PINs, PUKs, keys and what was signed or decrypted stand as `[n octets]`. */
  readonly command: string
  /** Hex; only the status word where the data is a plain text that was decrypted or agreed. */
  readonly response: string
}

/** Commands whose data is or holds a secret: VERIFY, CHANGE, RESET RETRY COUNTER, IMPORT, SET MANAGEMENT KEY. */
const SECRET_DATA: ReadonlySet<number> = new Set([0x20, 0x24, 0x2c, 0xfe, 0xff])
const GENERAL_AUTHENTICATE = 0x87
/** Printed information: where a management key that the PIN protects is kept. */
const PROTECTED_OBJECT = Buffer.from('5c035fc109', 'hex')
const GET_RESPONSE = 0xc0
const MAX_ENTRIES = 20_000

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

export class ApduRecord {
  readonly #exchanges: ApduExchange[] = []
  #secretAnswer = false

  add(command: Uint8Array, response: Uint8Array): void {
    if (this.#exchanges.length >= MAX_ENTRIES) this.#exchanges.shift()
    const ins = command[1] ?? 0
    const protectedObject = Buffer.from(command).includes(PROTECTED_OBJECT)
    if (ins !== GET_RESPONSE) this.#secretAnswer = ins === GENERAL_AUTHENTICATE || protectedObject
    const headerOctets = command[4] === 0 && command.length >= 7 ? 7 : 5
    const hidden = command.length - headerOctets
    const secret = hidden > 0 && (SECRET_DATA.has(ins) || this.#secretAnswer)
    const answerSecret = this.#secretAnswer && response.length > 2
    this.#exchanges.push({
      command: secret ? `${hex(command.subarray(0, headerOctets))} [${hidden} octets]` : hex(command),
      response: answerSecret ? `[${response.length - 2} octets] ${hex(response.subarray(-2))}` : hex(response),
    })
  }

  get exchanges(): readonly ApduExchange[] {
    return this.#exchanges
  }

  /** How many commands with this INS came. */
  count(instruction: number): number {
    const code = hex(Uint8Array.of(instruction))
    return this.#exchanges.filter(({ command }) => command.slice(2, 4) === code).length
  }

  clear(): void {
    this.#exchanges.length = 0
  }
}
