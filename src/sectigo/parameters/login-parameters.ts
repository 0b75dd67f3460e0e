import type { Parameter } from './parameter.ts'

/** Stands at the head of every table. */
export const loginParameters = (source: string): readonly Parameter[] => [
  { name: 'loginName', requirement: 'required', type: 'string', max: 64, source },
  { name: 'loginPassword', requirement: 'required', type: 'string', max: 128, source },
]
