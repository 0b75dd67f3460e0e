import { loginParameters } from './login-parameters.ts'
import type { Condition, ParameterTable } from './parameter.ts'

const source = 'https://docs.sectigo.com/sps/auto-revoke-certificate/request'

const NO_OTHER: Condition = {
  text: 'neither certificateID nor serialNumber is present',
  holds: (form) => !form.has('certificateID') && !form.has('serialNumber'),
}

/** CRL reasons (RFC 5280 5.3.1) that the code-signing page allows. */
const REVOCATION_CODES: Readonly<Record<string, string>> = {
  '0': 'unspecified',
  '1': 'keyCompromise',
  '3': 'affiliationChanged',
  '4': 'superseded',
  '5': 'cessationOfOperation',
}

export const AUTO_REVOKE_CERTIFICATE: ParameterTable = {
  endpoint: '!autoRevokeCertificate',
  title: 'revocation',
  source,
  parameters: [
    ...loginParameters(source),
    {
      name: 'orderNumber',
      requirement: 'conditional',
      type: 'string',
      max: 128,
      requiredWhen: NO_OTHER,
      source,
      decision: 'Exactly one of the three names the certificate.',
    },
    { name: 'certificateID', requirement: 'conditional', type: 'string', max: 16, source },
    { name: 'serialNumber', requirement: 'conditional', type: 'string', max: 34, source },
    { name: 'accountID', requirement: 'optional', type: 'integer', source },
    { name: 'revocationReason', requirement: 'optional', type: 'string', max: 1024, source },
    {
      name: 'codeReason',
      requirement: 'optional',
      type: 'integer',
      allowed: Object.keys(REVOCATION_CODES),
      source,
      decision: 'The values come from the code-signing page.',
    },
    {
      name: 'includeInCRL',
      requirement: 'optional',
      type: 'char',
      max: 1,
      allowed: ['Y', 'N'],
      source,
      decision: 'N marks the certificate as replaced; Y may follow later. Not sent unless asked for.',
    },
  ],
  rules: [
    {
      parameter: 'orderNumber',
      severity: 'fail',
      code: -4,
      violated: (form) =>
        ['orderNumber', 'certificateID', 'serialNumber'].filter((name) => form.has(name)).length > 1
          ? 'more than one certificate is specified'
          : undefined,
      remedy: 'Specify it in one way.',
      source,
    },
    {
      parameter: 'serialNumber',
      severity: 'fail',
      code: -4,
      violated: (form) => (/^[0-9a-f]+$/i.test(form.get('serialNumber') ?? '0') ? undefined : 'it is not hexadecimal'),
      remedy: 'Write the serial number in hexadecimal.',
      source,
    },
  ],
}
