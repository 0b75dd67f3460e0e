import type { RunRecord } from './run-record.ts'

type Settings = RunRecord['settings']

/** What tells one account at one CA from another: where it is, and where name and password come from. */
const ACCOUNT = ['broker.url', 'sectigo.endpoint', 'sectigo.loginName', 'sectigo.loginPassword'] as const

/** The accounts of which one pass over many runs and profiles has heard that the CA refuses the login, or is out of reach. */
export class RefusedLogins {
  readonly #accounts = new Set<string>()

  add(settings: Settings): void {
    this.#accounts.add(accountOf(settings))
  }

  /** A second try in the same pass is what CAs lock accounts for. */
  has(settings: Settings): boolean {
    return this.#accounts.size > 0 && this.#accounts.has(accountOf(settings))
  }
}

const accountOf = (settings: Settings): string => JSON.stringify(ACCOUNT.map((path) => settings[path] ?? null))
