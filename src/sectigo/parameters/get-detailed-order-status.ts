import { loginParameters } from './login-parameters.ts'
import type { ParameterTable } from './parameter.ts'

const MANUAL = 'AutoApplyOrder 3.44, section 8'
const PAGE = 'https://docs.sectigo.com/sps/get-detailed-order-status/request'

export const GET_DETAILED_ORDER_STATUS: ParameterTable = {
  endpoint: '!GetDetailedOrderStatus',
  title: 'order status',
  source: PAGE,
  parameters: [
    ...loginParameters(MANUAL),
    {
      name: 'orderNumber',
      requirement: 'conditional',
      type: 'string',
      max: 128,
      requiredWhen: {
        text: 'certificateID is absent',
        holds: (form) => !form.has('certificateID'),
      },
      source: MANUAL,
      decision:
        'Typed integer, yet order numbers such as 1234567repl#1 exist (section 6): sent as it is. Preferred: certificateID is documented for other certificate kinds only.',
    },
    {
      name: 'certificateID',
      requirement: 'conditional',
      type: 'string',
      max: 16,
      source: MANUAL,
    },
    {
      name: 'queryType',
      requirement: 'required',
      type: 'integer',
      allowed: ['0', '1', '2'],
      source: MANUAL,
    },
    {
      name: 'showValidityPeriod',
      requirement: 'optional',
      type: 'char',
      max: 1,
      allowed: ['Y', 'N'],
      default: 'N',
      source: PAGE,
    },
    {
      name: 'responseFormat',
      requirement: 'optional',
      type: 'integer',
      allowed: ['1', '2'],
      default: '1',
      source: PAGE,
      decision: 'Absent from the manual; 2 (JSON) is read where it comes, and not asked for.',
    },
    { name: 'SID', requirement: 'optional', type: 'string', max: 255, source: PAGE, confidence: 'low' },
  ],
  rules: [],
}
