import type { CaRuleRow } from './knowledge.ts'

const CSBR = 'CA/Browser Forum Code Signing Baseline Requirements 3.10.0'
const CHECKED = '2026-11-29'

/** Limits of CAs, one a row. They are warned of: the CA decides. */
// biome-ignore format: a table
export const CA_RULES: readonly CaRuleRow[] = [
  { id: 'code-signing-days', profile: 'code-signing', from: '2026-03-01', maximumDays: 460, source: `${CSBR} 6.3.2`, checked: CHECKED },
  { id: 'code-signing-key', profile: 'code-signing', from: '2021-06-01', rsaMinimumBits: 3072, curves: ['P-256', 'P-384', 'P-521'], source: `${CSBR} 6.1.5.2`, checked: CHECKED },
  { id: 'document-signing-key', profile: 'document-signing', from: '2023-01-01', rsaMinimumBits: 2048, curves: ['P-256', 'P-384'], source: 'Sectigo, CA life cycle (2023): RSA 2048 or more under R46, P-256 or P-384 under E46', checked: CHECKED },
]
