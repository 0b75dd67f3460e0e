import type { Condition } from './parameter.ts'

const isToken: Condition['holds'] = (form) => form.isYes('SmartCardBased')

/** The page pairs "remote" with `SmartCardBased=Y or omitted`; the default N leaves only "N or omitted". */
export const REMOTE: Condition = {
  text: 'remote provisioning: SmartCardBased is N or omitted',
  holds: (form) => !isToken(form),
}

export const TOKEN: Condition = { text: 'token provisioning: SmartCardBased is Y', holds: isToken }

export const ORDERS_706: Condition = {
  text: 'the order contains product 706',
  holds: (form) => form.products.includes('706'),
}

export const PARTNER_VALIDATED: Condition = {
  text: 'isCallbackCompleted is Y',
  holds: (form) => form.isYes('isCallbackCompleted'),
}

export const NO_STREET_IN_CSR: Condition = {
  text: 'the CSR contains no street address',
  holds: (form) => !form.csrHas('street'),
}
