import type { RunEvent } from './run-event.ts'

type Form = (value: unknown) => boolean

const text: Form = (value) => typeof value === 'string'
const number: Form = (value) => typeof value === 'number'
const flag: Form = (value) => typeof value === 'boolean'
const nothing: Form = (value) => value === null
const either =
  (...forms: readonly Form[]): Form =>
  (value) =>
    forms.some((form) => form(value))
const list =
  (form: Form): Form =>
  (value) =>
    Array.isArray(value) && value.every(form)
const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const mapOf =
  (form: Form): Form =>
  (value) =>
    isMap(value) && Object.values(value).every(form)
const texts = list(text)
/** Each member is of its form; those of `needed` are there. */
const object =
  (forms: Readonly<Record<string, Form>>, needed: readonly string[] = Object.keys(forms)): Form =>
  (value) =>
    isMap(value) &&
    needed.every((name) => Object.hasOwn(value, name)) &&
    Object.entries(value).every(([name, member]) => !Object.hasOwn(forms, name) || forms[name]?.(member) === true)

const artefact = object({ file: text, sha256: text })
const balance = object({ accountId: text, currency: text, amount: text, hardLimit: text }, ['amount'])
const otherOrders = object({ charged: text, around: texts, open: number, paidBack: number })
const key = { occupant: either(text, nothing), deviceName: text, place: text, location: text, spkiSha256: text }
const order = {
  claim: text,
  otherClaims: texts,
  formSha256: text,
  csrSha256: text,
  spkiSha256: text,
  endpoint: text,
  test: flag,
  toAuthorize: flag,
  acme: flag,
  balanceBefore: balance,
  balanceReadBy: text,
  orderNumber: text,
  intent: text,
}

/** What the members of events are, by name (`RunEvent`); what a newer version writes beside them is its own. */
const MEMBERS: Readonly<Record<string, Form>> = {
  ...order,
  ...key,
  settings: mapOf(either(text, texts)),
  profile: text,
  profileMarks: texts,
  renews: object({ run: text, spkiSha256: text, location: text, notAfter: text }, ['run', 'spkiSha256', 'notAfter']),
  beside: texts,
  // Is one worked with? And which was asked for a key.
  device: either(flag, text),
  keyLabel: text,
  keyId: text,
  algorithm: text,
  // A key in its place, and a certificate.
  replaces: either(artefact, object({ location: text, spkiSha256: text, certificate: artefact }, ['location'])),
  by: text,
  publicKey: artefact,
  found: flag,
  request: artefact,
  reasons: texts,
  attestation: artefact,
  certChains: artefact,
  // Further artefacts of an attestation, and the orders of other runs.
  others: either(list(artefact), otherOrders),
  result: artefact,
  failed: texts,
  reason: text,
  url: text,
  amount: text,
  paymentRequired: flag,
  certificateId: text,
  resolvedBy: text,
  refusal: object({ code: number, message: text }),
  causes: texts,
  reply: text,
  balanceAfter: balance,
  takenBack: flag,
  summary: text,
  steps: list(object({ id: text, status: text, instruction: text }, ['id', 'status'])),
  nextPollAt: text,
  certificate: artefact,
  chain: artefact,
  fullchain: artefact,
  serialNumber: text,
  notAfter: text,
  source: text,
  subject: text,
  issuer: text,
  remark: text,
  where: text,
  entries: texts,
  key: object(key, []),
  order: object(order, ['claim', 'endpoint', 'test']),
  despiteOrder: flag,
  code: text,
  message: text,
}

/** Every type of event, with the members without which it says nothing. */
const NEEDED: Readonly<Record<RunEvent['type'], readonly string[]>> = {
  planned: ['settings'],
  'settings-changed': ['settings'],
  'device-chosen': [],
  'key-requested': [],
  'key-removed': [],
  'key-deleted': [],
  'key-refused': [],
  'key-generated': ['publicKey'],
  'csr-signed': ['request'],
  'request-withdrawn': [],
  attested: ['attestation'],
  'check-refused': ['result'],
  checked: ['result'],
  submitting: [],
  'not-sent': [],
  'acme-order': [],
  finalizing: [],
  ordered: [],
  rejected: ['refusal'],
  'order-rejected': [],
  unknown: [],
  'not-placed': [],
  progress: [],
  issued: ['certificate'],
  installed: [],
  recovered: ['entries'],
  switched: [],
  retired: [],
  'order-revoked': [],
  abandoned: [],
  failed: [],
}

const isKnown = (type: string): type is RunEvent['type'] => Object.hasOwn(NEEDED, type)

/**
 * Is it an event, and as it should be if this version knows it? That its hash is right says that it is as it was written, and not that we
 * wrote it.
 */
export function isEvent(event: unknown): boolean {
  if (!isMap(event) || typeof event.type !== 'string') return false
  return !isKnown(event.type) || object(MEMBERS, NEEDED[event.type])(event)
}
