import { type ReplyParameters, readUrlEncoded } from './reply-shape.ts'

/** -1 not required, 0 not completed, 1 completed, 2 in progress (AutoApplyOrder 3.44, section 8). */
export type StepCode = 'not-required' | 'not-completed' | 'completed' | 'in-progress'

/** One item of an order (`X_Y_…`): certificate, licence or token. Members that the CA did not send are absent. */
export interface OrderItem {
  readonly index: number
  readonly serialNumber?: string
  readonly objectType?: string
  readonly fqdn?: string
  readonly certificateStatus?: string
  readonly certificateStatusReason?: string
  readonly steps: Readonly<Partial<Record<StepName, StepCode>>>
  /** Every other field, by the CA's name in lower case (`upstrackingid`, `shippingcountry`, …). */
  readonly other: Readonly<Record<string, string>>
}

/** One order (`X_…`): the first is the order asked for, the others its replacements. */
export interface OrderNode {
  readonly index: number
  readonly orderNumber?: string
  readonly orderDateTime?: string
  readonly orderStatus?: string
  readonly orderStatusReason?: string
  readonly suggestedOrgDetails?: string
  readonly items: readonly OrderItem[]
  readonly other: Readonly<Record<string, string>>
}

export type OrderStatusReply =
  | { readonly kind: 'status'; readonly orders: readonly OrderNode[] }
  | { readonly kind: 'refused'; readonly code: number; readonly message: string }
  | { readonly kind: 'unreadable' }

const STEP_NAMES = [
  'csrStatus',
  'dcvStatus',
  'ovCallBackStatus',
  'organizationValidationStatus',
  'freeDVUPStatus',
  'evClickThroughStatus',
  'caaStatus',
] as const
export type StepName = (typeof STEP_NAMES)[number]

const STEP_CODES: Readonly<Record<string, StepCode>> = {
  '-1': 'not-required',
  '0': 'not-completed',
  '1': 'completed',
  '2': 'in-progress',
}
const ITEM_FIELDS = ['serialNumber', 'objectType', 'certificateStatus', 'certificateStatusReason'] as const
const ORDER_FIELDS = [
  'orderNumber',
  'orderDateTime',
  'orderStatus',
  'orderStatusReason',
  'suggestedOrgDetails',
] as const
const NUMBERED = /^(\d{1,4})_(?:(\d{1,4})_)?([A-Za-z]\w{0,63})$/

/** Reads the URL-encoded reply or its JSON form. */
export function readOrderStatus(text: string): OrderStatusReply {
  const body = text.replace(/^\ufeff/, '').trim()
  const fields = body.startsWith('{') || body.startsWith('[') ? readJson(body) : readUrlEncodedNames(body)
  const code = fields?.get('errorcode')
  if (fields === undefined || code === undefined || !/^-?\d{1,9}$/.test(code)) return { kind: 'unreadable' }
  if (Number(code) < 0) {
    return { kind: 'refused', code: Number(code), message: (fields.get('errormessage') ?? '').slice(0, 2000) }
  }
  return { kind: 'status', orders: readTree(fields) }
}

/** `readUrlEncoded` lower-cases names; here the CA's own spelling is not needed but for `other`. */
const readUrlEncodedNames = (body: string): ReplyParameters | undefined =>
  /^[A-Za-z0-9_]{1,64}=/.test(body) ? readUrlEncoded(body) : undefined

function readTree(fields: ReplyParameters): readonly OrderNode[] {
  const orders = new Map<number, { fields: Map<string, string>; items: Map<number, Map<string, string>> }>()
  for (const [name, value] of fields) {
    const match = NUMBERED.exec(name)
    if (match === null) continue
    const order = Number(match[1])
    const field = match[3] ?? ''
    const node = orders.get(order) ?? { fields: new Map(), items: new Map() }
    orders.set(order, node)
    if (match[2] === undefined) node.fields.set(field.toLowerCase(), value)
    else {
      const item = node.items.get(Number(match[2])) ?? new Map<string, string>()
      node.items.set(Number(match[2]), item.set(field.toLowerCase(), value))
    }
  }
  return [...orders].sort(byIndex).map(([index, node]) => ({
    index,
    ...take(node.fields, ORDER_FIELDS),
    items: [...node.items].sort(byIndex).map(([item, values]) => readItem(item, values)),
    other: Object.fromEntries(node.fields),
  }))
}

const byIndex = (a: readonly [number, unknown], b: readonly [number, unknown]): number => a[0] - b[0]

function readItem(index: number, values: Map<string, string>): OrderItem {
  const steps: Partial<Record<StepName, StepCode>> = {}
  for (const name of STEP_NAMES) {
    const step = STEP_CODES[values.get(name.toLowerCase()) ?? '']
    if (step === undefined) continue
    steps[name] = step
    values.delete(name.toLowerCase())
  }
  const fqdn = values.get('fqdn')
  values.delete('fqdn')
  const known = take(values, ITEM_FIELDS)
  return {
    index,
    ...known,
    ...(fqdn === undefined || fqdn === '' ? {} : { fqdn }),
    steps,
    other: Object.fromEntries(values),
  }
}

/** Moves the named fields out of the map; empty ones are dropped. */
function take<K extends string>(values: Map<string, string>, names: readonly K[]): Partial<Record<K, string>> {
  const taken: Partial<Record<K, string>> = {}
  for (const name of names) {
    const value = values.get(name.toLowerCase())
    values.delete(name.toLowerCase())
    if (value !== undefined && value !== '') taken[name] = value
  }
  return taken
}

/**
 * The JSON form is announced (2025) and not shown. Read so that flat numbered names, objects under numbers and arrays all
 * give the same numbered fields: numbers of the path are kept (arrays count from 1), names of containers are not.
 */
function readJson(body: string): ReplyParameters | undefined {
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    return undefined
  }
  const fields = new Map<string, string>()
  return collect(value, [], '', fields, 0) ? fields : undefined
}

function collect(
  value: unknown,
  path: readonly string[],
  name: string,
  fields: Map<string, string>,
  depth: number,
): boolean {
  if (depth > 8 || fields.size > 10_000) return false
  if (Array.isArray(value)) {
    return value.every((item, index) => collect(item, [...path, String(index + 1)], name, fields, depth + 1))
  }
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).every(([key, member]) =>
      collect(member, /^\d{1,4}$/.test(key) ? [...path, key] : path, /^\d+$/.test(key) ? name : key, fields, depth + 1),
    )
  }
  if (value !== null && value !== undefined) fields.set([...path, name].join('_').toLowerCase(), String(value))
  return true
}
