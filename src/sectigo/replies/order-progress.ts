import type { OrderProgress, OrderStep } from '../certificate-authority.ts'
import type { OrderItem, OrderNode, StepCode, StepName } from './order-status.ts'

/** What each step is called, and what a person must do while it is open. */
// biome-ignore format: a table, a row a line
const STEPS: Readonly<Record<StepName, { readonly id: string; readonly instruction: string }>> = {
  csrStatus: { id: 'csr', instruction: 'Sectigo has not taken the CSR yet: send it, or ask support.' },
  dcvStatus: { id: 'domain-control', instruction: 'Prove control of the domain as the order says.' },
  ovCallBackStatus: { id: 'callback', instruction: 'Answer the callback: the applicant representative is called or written to and confirms the order with a code.' },
  organizationValidationStatus: { id: 'organization-validation', instruction: 'Sectigo checks the organization: have registration documents at hand and answer its mails.' },
  freeDVUPStatus: { id: 'free-dv-upgrade', instruction: 'Nothing is to be done.' },
  evClickThroughStatus: { id: 'agreement', instruction: 'Accept the subscriber agreement: the link is in the mail to the applicant representative.' },
  caaStatus: { id: 'caa', instruction: 'Let the CAA record of the domain name Sectigo.' },
}

const STEP_STATUS: Readonly<Record<StepCode, OrderStep['status']>> = {
  'not-required': 'not-required',
  'not-completed': 'open',
  completed: 'done',
  'in-progress': 'in-progress',
}

/**
 * The documents give status texts for the push only (section 6) and call the others "a string". First match wins; a text
 * that none matches is `unknown`, never "issued".
 */
const STATES: readonly { readonly pattern: RegExp; readonly state: OrderProgress['state'] }[] = [
  // "It should never occur. Please notify your account manager" (section 6): neither over nor on its way.
  { pattern: /fail/i, state: 'unknown' },
  { pattern: /reject|cancel|declin|refund/i, state: 'rejected' },
  { pattern: /revok|replaced/i, state: 'revoked' },
  { pattern: /^issued but not yet collected$/i, state: 'issued' },
  { pattern: /\b(not|un|pre|await|pend|process|progress|appl)/i, state: 'pending' },
  { pattern: /^(issued\b.*|valid|complete|completed|active|signed)$/i, state: 'issued' },
]

export function stateOf(text: string | undefined): OrderProgress['state'] {
  const status = text?.trim() ?? ''
  return STATES.find(({ pattern }) => pattern.test(status))?.state ?? 'unknown'
}

/** Where the order stands, from the first order of a status reply. The certificate's status outweighs the order's. */
export function orderProgress(order: OrderNode | undefined): OrderProgress {
  if (order === undefined) return { state: 'unknown', summary: 'Sectigo names no such order', steps: [] }
  const item = certificateOf(order)
  const states = [stateOf(item?.certificateStatus), stateOf(order.orderStatus)]
  const state = states.find((candidate) => candidate !== 'unknown') ?? 'unknown'
  const words = [
    order.orderStatus === undefined ? undefined : `order ${order.orderStatus}`,
    order.orderStatusReason,
    item?.certificateStatus === undefined ? undefined : `certificate ${item.certificateStatus}`,
    item?.certificateStatusReason,
  ].filter((word) => word !== undefined)
  return {
    state,
    summary: words.length === 0 ? 'Sectigo gives no status' : words.join(', '),
    steps: item === undefined ? [] : stepsOf(item, state === 'pending' || state === 'unknown'),
  }
}

const certificateOf = ({ items }: OrderNode): OrderItem | undefined =>
  items.find((item) => item.certificateStatus !== undefined) ?? items[0]

/** `underWay`: an order that is over leaves nothing for a person to do, whatever its steps say. */
function stepsOf(item: OrderItem, underWay: boolean): readonly OrderStep[] {
  const names: readonly StepName[] = [
    'csrStatus',
    'organizationValidationStatus',
    'ovCallBackStatus',
    'evClickThroughStatus',
    'dcvStatus',
    'caaStatus',
    'freeDVUPStatus',
  ]
  return names.flatMap((name) => {
    const code = item.steps[name]
    if (code === undefined) return []
    const { id, instruction } = STEPS[name]
    const status = STEP_STATUS[code]
    const toDo = underWay && (status === 'open' || status === 'in-progress')
    return [{ id, status, ...(toDo ? { instruction } : {}) }]
  })
}
