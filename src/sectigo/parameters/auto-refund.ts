import { loginParameters } from './login-parameters.ts'
import type { ParameterTable } from './parameter.ts'

const source = 'AutoApplyOrder 3.44, section 7'

/** What each reason code says. */
export const REFUND_REASONS: Readonly<Record<string, string>> = {
  '1': 'Unable to validate certificate',
  '2': 'Domain or organization no longer active',
  '3': 'Would like to get another type of certificate',
  '4': 'Failed brand validation',
  '5': 'Sectigo rejected the certificate request',
  '6': 'Certificate revoked due to malware',
  '7': 'Certificate revoked due to phishing',
  '8': 'Certificate revoked due to Google Safe Browsing',
  '9': 'Moving to another certification authority',
  '10': 'Found the certificate for a better price',
  '11': 'Other',
}

export const AUTO_REFUND: ParameterTable = {
  endpoint: '!AutoRefund',
  title: 'refund',
  source,
  parameters: [
    ...loginParameters(source),
    { name: 'orderNumber', requirement: 'required', type: 'string', max: 128, source },
    {
      name: 'refundReasonCode',
      requirement: 'required',
      type: 'integer',
      allowed: Object.keys(REFUND_REASONS),
      source,
    },
  ],
  rules: [],
}
