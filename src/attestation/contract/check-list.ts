import type { Check, CheckGroup, CheckStatus } from './attestation-result.ts'
import type { CheckId } from './check-ids.ts'

/** A rule as it stands in a verifier: its id, group and source. The outcome comes when it is applied. */
export interface Rule {
  readonly id: CheckId
  readonly group: CheckGroup
  readonly source: string
}

/** The id begins with the group. */
export function rule(id: Rule['id'], source: string): Rule {
  const group = (['attestation', 'binding', 'policy'] as const).find((name) => id.startsWith(`${name}.`))
  return { id, group: group ?? 'attestation', source }
}

/** Why a rule does not hold, and what to do. */
export interface Cause {
  readonly detail: string
  readonly remedy: string
}

/** Collects outcomes in order. A rule has one outcome; the first failure of a rule stays. */
export class CheckList {
  /** A dozen at most: looking through them is quicker than hashing. */
  readonly #checks: Check[] = []

  pass(rule: Rule, detail: string): true {
    if (this.#indexOf(rule) < 0) this.#checks.push(outcome(rule, 'pass', detail))
    return true
  }

  fail(rule: Rule, detail: string, remedy: string): false {
    this.#replace(rule, 'fail', detail, remedy)
    return false
  }

  warn(rule: Rule, detail: string, remedy: string): true {
    this.#replace(rule, 'warn', detail, remedy)
    return true
  }

  notApplicable(rule: Rule, detail: string): true {
    if (this.#indexOf(rule) < 0) this.#checks.push(outcome(rule, 'not-applicable', detail))
    return true
  }

  /** Applies a yes-or-no rule. */
  require(rule: Rule, holds: boolean, passDetail: string, failDetail: string, remedy: string): boolean {
    return holds ? this.pass(rule, passDetail) : this.fail(rule, failDetail, remedy)
  }

  get checks(): readonly Check[] {
    return this.#checks.slice()
  }

  /** True when the group holds no failure and every rule in `required` was applied: missing means failed. */
  holds(group: CheckGroup, required: readonly Rule[] = []): boolean {
    for (const rule of required) if (this.#indexOf(rule) < 0) return false
    for (const check of this.#checks) if (check.group === group && check.status === 'fail') return false
    return true
  }

  #replace(rule: Rule, status: 'fail' | 'warn', detail: string, remedy: string): void {
    const index = this.#indexOf(rule)
    if (index < 0) this.#checks.push(outcome(rule, status, detail, remedy))
    else if (this.#checks[index]?.status !== 'fail') this.#checks[index] = outcome(rule, status, detail, remedy)
  }

  #indexOf({ id }: Rule): number {
    const checks = this.#checks
    for (let index = 0; index < checks.length; index++) if (checks[index]?.id === id) return index
    return -1
  }
}

/** Written out member by member: batches make a dozen of these per package, and a spread costs five times as much. */
function outcome({ id, group, source }: Rule, status: CheckStatus, detail: string, remedy?: string): Check {
  return remedy === undefined ? { id, group, status, detail, source } : { id, group, status, detail, remedy, source }
}
