import { loginParameters } from './login-parameters.ts'
import type { ParameterTable } from './parameter.ts'

const source = 'AutoApplyOrder 3.44, section 9'

export const GET_ACCOUNT_BALANCE: ParameterTable = {
  endpoint: '!getAccountBalance',
  title: 'account balance',
  source,
  parameters: [
    ...loginParameters(source),
    { name: 'responseFormat', requirement: 'optional', type: 'integer', allowed: ['0', '1'], default: '0', source },
  ],
  rules: [],
}
