import type { ErrorRow } from './error-table.ts'

/** Rows that stand in the tables of every endpoint, in the words of most; `!PlaceOrder` and `!AutoRefund` spell two differently. */
export const NOT_HTTPS: ErrorRow = {
  code: -1,
  message: 'Request was not made over https!',
  cause: 'the request was not sent over HTTPS',
  remedy: 'Use an https:// address with nothing in between that terminates TLS.',
  final: true,
}
export const NOT_OVER_HTTPS: ErrorRow = { ...NOT_HTTPS, message: 'Request was not made over HTTPS!' }
export const UNRECOGNISED_ARGUMENT: ErrorRow = {
  code: -2,
  message: "'xxxx' is an unrecognised argument!",
  cause: 'the endpoint does not support a parameter',
  remedy: 'Remove the parameter in the message, or correct its spelling.',
  final: true,
}
export const UNRECOGNIZED_ARGUMENT: ErrorRow = {
  ...UNRECOGNISED_ARGUMENT,
  message: "'xxxx' is an unrecognized argument!",
}
export const MISSING_ARGUMENT: ErrorRow = {
  code: -3,
  message: "The 'xxxx' argument is missing!",
  cause: 'a required parameter is missing',
  remedy: 'Add the parameter in the message.',
  final: true,
}
export const INVALID_ARGUMENT: ErrorRow = {
  code: -4,
  message: "The value of the 'xxxx' argument is invalid!",
  cause: 'a value is not allowed or too long',
  remedy: 'Correct the parameter in the message.',
  final: true,
}
export const UNKNOWN_ERROR: ErrorRow = {
  code: -14,
  message: 'An unknown error occurred!',
  cause: 'the CA failed without giving a reason',
  remedy: 'Compare the balance and the order list first; then try again later or ask Sectigo.',
  final: false,
  doubtful: true,
}
export const NO_ACCESS: ErrorRow = {
  code: -16,
  message: 'Permission denied!',
  cause: 'wrong login, a locked account, an expired password, a blocked source address, or the API is not enabled',
  remedy:
    'Log in once on the web site with the same name and password; if that works, ask Sectigo to enable the API. Do not retry blindly.',
  final: false,
}
export const USED_GET: ErrorRow = {
  code: -17,
  message: 'Request used GET rather than POST!',
  cause: 'the request arrived as GET',
  remedy: 'Send it as POST; a proxy may have changed the method.',
  final: true,
}
export const CALL_LIMIT: ErrorRow = {
  code: -42,
  message: 'Call limit reached!',
  cause: 'the endpoint was called too often',
  remedy: 'Wait before asking again.',
  final: false,
}
