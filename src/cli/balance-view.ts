import type { Balance } from '../sectigo/certificate-authority.ts'

/** `755.00 EUR, hard limit 0.00` */
export const balanceToText = ({ amount, currency, hardLimit }: Balance): string =>
  [amount, currency].filter((part) => part !== undefined).join(' ') +
  (hardLimit === undefined ? '' : `, hard limit ${hardLimit}`)
