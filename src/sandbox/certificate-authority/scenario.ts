import { type Place, readPlace } from '../../config/place.ts'
import { EnrollError } from '../../errors.ts'
import type { CertificateAuthorityOptions } from './certificate-authority.ts'
import { ENDPOINTS } from './endpoints/endpoints.ts'
import { FAULT_KINDS, type Fault } from './fault.ts'
import { FLOW_ACTIONS, type FlowStep } from './flow.ts'
import { scenarioClock } from './scenario-clock.ts'

/** What a scenario file says, ready to be played by `startCertificateAuthority`. */
export type Scenario = Pick<CertificateAuthorityOptions, 'account' | 'prices' | 'flow' | 'faults' | 'push' | 'now'>

const MAX_SCENARIO = 64 << 10

const malformed = (where: string, what: string): EnrollError =>
  new EnrollError('sandbox.scenario', `Could not read the scenario: ${where}: ${what}.`, {
    remedy: 'Compare it with the example in docs/sectigo.md.',
  })

const LINE = /^[^\p{Cc}]{1,1000}$/u
const AMOUNT = /^-?\d{1,10}(\.\d{1,2})?$/
const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `90s`, `15m`, `3h`, `2d`: milliseconds. */
function duration(place: Place): number {
  const text = place.text(/^\d{1,6}[smhd]$/, 'a duration such as 90s, 15m, 3h or 2d')
  return Number(text.slice(0, -1)) * (UNITS[text.slice(-1)] ?? 0)
}

const optional = <T>(place: Place | undefined, read: (place: Place) => T): T | undefined =>
  place === undefined ? undefined : read(place)
const member = <K extends string, T>(name: K, value: T | undefined): Partial<Record<K, T>> =>
  value === undefined ? {} : ({ [name]: value } as Partial<Record<K, T>>)

/** Reads a scenario in YAML. Throws EnrollError (exit 2) that names the place. */
export function parseScenario(text: string): Scenario {
  if (text.length > MAX_SCENARIO) throw malformed('file', `longer than ${MAX_SCENARIO} characters`)
  const root = readPlace(text, 'scenario', malformed).map(['account', 'prices', 'flow', 'faults', 'push', 'clock'])
  return {
    ...member('account', optional(root.account, readAccount)),
    ...member('prices', optional(root.prices, readPrices)),
    ...member(
      'flow',
      optional(root.flow, (flow) => flow.list().map(readStep)),
    ),
    ...member(
      'faults',
      optional(root.faults, (faults) => faults.list().map(readFault)),
    ),
    ...member('push', optional(root.push, readPush)),
    ...member('now', optional(root.clock, readClock)),
  }
}

function readAccount(place: Place): NonNullable<Scenario['account']> {
  const texts = ['loginName', 'loginPassword', 'accountId', 'currency'] as const
  const amounts = ['credit', 'hardLimit'] as const
  const flags = ['testOrders', 'apiEnabled', 'raPrivileges', 'paymentRequired', 'foreignOrderNumber'] as const
  const members = place.map([...texts, ...amounts, ...flags])
  const account: Record<string, string | boolean> = {}
  for (const name of texts) Object.assign(account, member(name, members[name]?.text(LINE, 'a line of text')))
  for (const name of amounts) Object.assign(account, member(name, members[name]?.text(AMOUNT, 'an amount')))
  for (const name of flags) Object.assign(account, member(name, members[name]?.boolean()))
  return account
}

function readPrices(place: Place): Readonly<Record<string, string>> {
  return Object.fromEntries(
    place.entries().map(([code, price]) => {
      if (!/^(\d{1,5}|other)$/.test(code)) throw malformed(price.path, 'neither a product code nor "other"')
      return [code, price.text(AMOUNT, 'an amount')]
    }),
  )
}

function readStep(place: Place): FlowStep {
  const members = place.map(['after', 'do', 'reason'])
  if (members.do === undefined) throw malformed(place.path, 'it says not what to do')
  return {
    after: optional(members.after, duration) ?? 0,
    action: members.do.oneOf(FLOW_ACTIONS),
    ...member('reason', members.reason?.text(LINE, 'a line of text')),
  }
}

function readFault(place: Place): Fault {
  const members = place.map(['endpoint', 'kind', 'accepts', 'times', 'delay', 'status', 'code', 'message'])
  if (members.kind === undefined) throw malformed(place.path, 'it says not which kind')
  return {
    kind: members.kind.oneOf(FAULT_KINDS),
    ...member('endpoint', members.endpoint?.oneOf(ENDPOINTS.map(({ path }) => path))),
    ...member('accepts', members.accepts?.boolean()),
    ...member('times', members.times?.integer(1, 1000)),
    ...member('delay', optional(members.delay, duration)),
    ...member('status', members.status?.integer(400, 599)),
    ...member('code', members.code?.integer(-9999, -1)),
    ...member('message', members.message?.text(LINE, 'a line of text')),
  }
}

function readPush(place: Place): NonNullable<Scenario['push']> {
  const members = place.map(['url', 'user', 'password', 'withCertificate'])
  if (members.url === undefined) throw malformed(place.path, 'it names no url')
  return {
    url: members.url.text(/^https?:\/\/(127\.\d+\.\d+\.\d+|localhost|\[::1\])(:\d+)?(\/|$)/, 'an address on loopback'),
    ...member('user', members.user?.text(LINE, 'a line of text')),
    ...member('password', members.password?.text(LINE, 'a line of text')),
    ...member('withCertificate', members.withCertificate?.boolean()),
  }
}

function readClock(place: Place): () => number {
  const members = place.map(['start', 'speed'])
  const start = members.start?.text(/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?Z$/, 'a time such as 2026-01-05T09:00Z')
  return scenarioClock(start === undefined ? Date.now() : Date.parse(start), members.speed?.integer(1, 86_400) ?? 1)
}
