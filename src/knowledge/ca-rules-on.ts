import type { CaRuleRow, Knowledge } from './knowledge.ts'

/** The rules of a day (YYYY-MM-DD) for one kind of signing. Never throws. */
export const caRulesOn = (profile: CaRuleRow['profile'], day: string, { caRules }: Knowledge): readonly CaRuleRow[] =>
  caRules.filter((row) => row.profile === profile && day >= row.from)
