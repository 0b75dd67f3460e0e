import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ENDPOINTS } from '../../src/sandbox/certificate-authority/endpoints/endpoints.ts'
import { FAULT_KINDS } from '../../src/sandbox/certificate-authority/fault.ts'
import { FLOW_ACTIONS } from '../../src/sandbox/certificate-authority/flow.ts'
import { parseScenario } from '../../src/sandbox/certificate-authority/scenario.ts'
import { AUTO_APPLY_ORDER_GENERAL } from '../../src/sectigo/other-products/auto-apply-order-general.ts'
import { PLACE_ORDER, PLACE_ORDER_ITEM } from '../../src/sectigo/other-products/place-order-parameters.ts'
import {
  AUTO_APPLY_ORDER_DOCUMENT_SIGNING,
  ORDER_IDENTITY_PARAMETERS,
} from '../../src/sectigo/parameters/auto-apply-order-document-signing.ts'
import { AUTO_AUTHORIZE } from '../../src/sectigo/parameters/auto-authorize.ts'
import { REFUND_REASONS } from '../../src/sectigo/parameters/auto-refund.ts'
import { AUTO_REVOKE_CERTIFICATE } from '../../src/sectigo/parameters/auto-revoke-certificate.ts'
import { COLLECT } from '../../src/sectigo/parameters/collect.ts'
import { GET_DETAILED_ORDER_STATUS } from '../../src/sectigo/parameters/get-detailed-order-status.ts'

const page = (name: string): string => readFileSync(join(import.meta.dirname, '../../docs', name), 'utf8')
const text = page('sectigo.md')

const DECISIONS = [
  ...AUTO_APPLY_ORDER_DOCUMENT_SIGNING.parameters,
  ...ORDER_IDENTITY_PARAMETERS,
  ...AUTO_APPLY_ORDER_GENERAL.parameters,
  ...PLACE_ORDER.parameters,
  ...PLACE_ORDER_ITEM.parameters,
  ...AUTO_AUTHORIZE.parameters,
  ...GET_DETAILED_ORDER_STATUS.parameters,
  ...AUTO_REVOKE_CERTIFICATE.parameters,
  ...COLLECT.parameters,
].flatMap(({ name, decision }) => (decision === undefined ? [] : [[name, decision] as const]))

describe('docs/sectigo.md', () => {
  test.each(DECISIONS)('has the decision on %s as the table has it: %s', (name, decision) => {
    expect(text).toContain(`| \`${name}\` | ${decision.replaceAll('|', '\\|')} |`)
  })

  test('names every endpoint, fault and step of the rehearsal', () => {
    for (const word of [
      ...ENDPOINTS.map(({ path }) => path.replace('download/', '')),
      ...FAULT_KINDS,
      ...FLOW_ACTIONS,
    ]) {
      expect(text).toContain(`\`${word}\``)
    }
  })

  test('leaves the reasons of a refund to the page for operators', () => {
    for (const [code, reason] of Object.entries(REFUND_REASONS))
      expect(page('ordering.md')).toContain(`| ${code} | ${reason} |`)
  })

  test('shows a scenario that can be read', () => {
    const scenario = /```yaml\n# scenario[^\n]*\n([\s\S]*?)```/.exec(text)?.[1] ?? ''
    expect(parseScenario(scenario).flow?.length).toBeGreaterThan(3)
  })
})
