import { ADVISORIES } from './advisories.ts'
import { CA_RULES } from './ca-rules.ts'
import { CERTIFICATIONS } from './certifications.ts'
import type { Knowledge } from './knowledge.ts'

/**
 * What hsm-enroll comes with.
 *
 * @throws Nothing.
 * @example
 * ```ts
 * const { issued, advisories } = builtInKnowledge()
 * console.log(issued, advisories.map(({ name }) => name))
 * ```
 */
export const builtInKnowledge = (): Knowledge => BUILT_IN

const BUILT_IN: Knowledge = {
  serial: 1,
  issued: '2026-11-29',
  origin: 'built-in',
  certifications: CERTIFICATIONS,
  advisories: ADVISORIES,
  caRules: CA_RULES,
}
