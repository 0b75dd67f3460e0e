import { loginParameters } from './login-parameters.ts'
import type { Parameter, ParameterTable } from './parameter.ts'

const PAGE = 'https://docs.sectigo.com/sps/collect-ssl/request'

const yesNo = (name: string): Parameter => ({
  name,
  requirement: 'optional',
  type: 'char',
  max: 1,
  allowed: ['Y', 'N'],
  default: 'N',
  source: PAGE,
})

/** The CollectSSL form. Which endpoint collects Document Signing certificates is documented nowhere: the address is a setting. */
export const COLLECT: ParameterTable = {
  endpoint: 'CollectSSL',
  title: 'collection',
  source: PAGE,
  parameters: [
    ...loginParameters(PAGE),
    {
      name: 'orderNumber',
      requirement: 'conditional',
      type: 'string',
      max: 128,
      requiredWhen: {
        text: 'neither certificateID nor baseOrderNumber is present',
        holds: (form) => !form.has('certificateID') && !form.has('baseOrderNumber'),
      },
      source: PAGE,
    },
    { name: 'certificateID', requirement: 'conditional', type: 'string', max: 16, source: PAGE },
    { name: 'baseOrderNumber', requirement: 'conditional', type: 'string', max: 128, source: PAGE },
    { name: 'queryType', requirement: 'required', type: 'integer', allowed: ['0', '1', '2', '3'], source: PAGE },
    {
      name: 'responseType',
      requirement: 'optional',
      type: 'integer',
      allowed: ['0', '1', '2', '3'],
      source: PAGE,
      decision:
        '0, 1 and 2 (ZIP, Netscape, PKCS#7) go with queryType 1 only; hsm-enroll asks for 3, individual certificates.',
    },
    {
      name: 'responseEncoding',
      requirement: 'optional',
      type: 'integer',
      allowed: ['0', '1'],
      default: '0',
      source: PAGE,
    },
    yesNo('showValidityPeriod'),
    yesNo('showFQDN'),
    yesNo('showExtStatus'),
  ],
  rules: [
    {
      parameter: 'responseType',
      severity: 'fail',
      code: -4,
      violated: (form) => {
        const type = form.get('responseType')
        return type !== undefined && type !== '3' && form.get('queryType') !== '1'
          ? `${type} goes with queryType 1 only`
          : undefined
      },
      remedy: 'Ask for responseType 3, or for queryType 1.',
      source: PAGE,
    },
  ],
}
