import { expect, expectTypeOf, it } from 'vitest'
import { POLICY_RULES } from '../../check/policy/policy-rules.ts'
import type { Check } from './attestation-result.ts'
import { CHECK_IDS, type CheckId } from './check-ids.ts'
import { rule } from './check-list.ts'

it('is a union, so that a switch over the ids of a verdict is checked', () => {
  expectTypeOf<Check['id']>().toEqualTypeOf<CheckId>()
  expectTypeOf<'attestation.chain'>().toExtend<CheckId>()
  expectTypeOf<'policy.advisory.eucleak'>().toExtend<CheckId>()
  expectTypeOf<'attestation.chian'>().not.toExtend<CheckId>()
  expectTypeOf<string>().not.toExtend<CheckId>()
  // @ts-expect-error: a rule of an id that is not in the table does not compile.
  expect(rule('attestation.no-such-check', '').id).toBe('attestation.no-such-check')
})

it('has every id once, in the group that it begins with', () => {
  expect(new Set(CHECK_IDS).size).toBe(CHECK_IDS.length)
  expect(CHECK_IDS.filter((id) => !/^(attestation|binding|policy|request)\.[a-z0-9.-]+$/.test(id))).toEqual([])
  const ids: readonly string[] = CHECK_IDS
  expect(Object.values(POLICY_RULES).filter(({ id }) => !ids.includes(id))).toEqual([])
})
