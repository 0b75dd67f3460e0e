/** Counts of everything that reached the token, for tests and `sandbox`. Never holds a PIN. */
export interface TokenStatistics {
  /** Call name -> times received. */
  readonly calls: Readonly<Record<string, number>>
  readonly logins: { readonly attempted: number; readonly accepted: number; readonly refused: number }
  readonly connections: { readonly opened: number; readonly open: number }
  readonly openSessions: number
}

export class StatisticsCounter {
  readonly #calls = new Map<string, number>()
  #accepted = 0
  #refused = 0
  #opened = 0

  called(name: string): void {
    this.#calls.set(name, (this.#calls.get(name) ?? 0) + 1)
  }

  login(accepted: boolean): void {
    if (accepted) this.#accepted++
    else this.#refused++
  }

  connected(): void {
    this.#opened++
  }

  reset(): void {
    this.#calls.clear()
    this.#accepted = 0
    this.#refused = 0
    this.#opened = 0
  }

  read(open: { readonly connections: number; readonly sessions: number }): TokenStatistics {
    return {
      calls: Object.fromEntries(this.#calls),
      logins: { attempted: this.#accepted + this.#refused, accepted: this.#accepted, refused: this.#refused },
      connections: { opened: this.#opened, open: open.connections },
      openSessions: open.sessions,
    }
  }
}
