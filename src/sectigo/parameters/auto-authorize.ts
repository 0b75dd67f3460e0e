import { loginParameters } from './login-parameters.ts'
import type { ParameterTable } from './parameter.ts'

const source = 'https://docs.sectigo.com/sps/auto-authorize/request'

export const AUTO_AUTHORIZE: ParameterTable = {
  endpoint: '!AutoAuthorize',
  title: 'authorization',
  source,
  parameters: [
    ...loginParameters(source),
    {
      name: 'orderNumber',
      requirement: 'required',
      type: 'string',
      max: 18,
      format: 'digits',
      source,
    },
    { name: 'test', requirement: 'optional', type: 'char', max: 1, allowed: ['Y', 'N'], default: 'N', source },
    { name: 'disableSWP', requirement: 'optional', type: 'char', max: 1, allowed: ['Y', 'N'], default: 'N', source },
  ],
  rules: [],
}
