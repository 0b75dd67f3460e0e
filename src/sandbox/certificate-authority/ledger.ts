/** The account's money in hundredths: no rounding anywhere. */
export class Ledger {
  credit: number
  readonly hardLimit: number

  constructor(credit: string, hardLimit: string) {
    this.credit = parseCents(credit)
    this.hardLimit = parseCents(hardLimit)
  }

  take(cents: number): boolean {
    if (this.credit + this.hardLimit < cents) return false
    this.credit -= cents
    return true
  }

  give(cents: number): void {
    this.credit += cents
  }
}

export const formatCents = (cents: number): string => (cents / 100).toFixed(2)

export function parseCents(text: string): number {
  const match = /^(-?)(\d{1,10})(?:\.(\d{1,2}))?$/.exec(text)
  if (match === null) throw new TypeError(`"${text}" is no amount`)
  const cents = Number(match[2]) * 100 + Number((match[3] ?? '').padEnd(2, '0'))
  return match[1] === '-' ? -cents : cents
}
