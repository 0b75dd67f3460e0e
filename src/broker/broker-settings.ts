import { type Place, readPlace } from '../config/place.ts'
import { EXPECTED } from '../config/settings.ts'
import { EnrollError } from '../errors.ts'

/** What one host, or all together, may order. Absent: as much as it likes. */
export interface OrderLimits {
  readonly perDay?: number
  readonly perMonth?: number
  /** Hundredths of the account's currency. */
  readonly amountPerMonth?: number
}

/** A machine that asks for orders. */
export interface BrokerHost {
  readonly name: string
  /** SHA-256 of the SubjectPublicKeyInfo of its client certificates, hex; two while one replaces the other. */
  readonly pins: readonly string[]
  /** From which devices its evidence must be: `expect.…` of a profile. Empty: from any, because somebody said so. */
  readonly expect: ReadonlyMap<string, readonly string[]>
  readonly limits: OrderLimits
  /** The people who work on it: none of them approves its requests. */
  readonly operators: readonly string[]
}

/** A person who may see and decide. */
export interface BrokerPerson {
  readonly name: string
  readonly pins: readonly string[]
  readonly mayApprove: boolean
}

/** When a second person must say yes to a paid order. */
export interface ApprovalRules {
  /** Hundredths; an order whose price is not known counts as above. */
  readonly above?: number
  /** The first order of a host; the first for an organization or name. */
  readonly newHost: boolean
  readonly newSubject: boolean
}

/** The broker's own file; what it orders with is an ordinary profile. */
export interface BrokerSettings {
  readonly host: string
  readonly port: number
  /** Its certificate, a PEM file, and the source of the key to it. */
  readonly certificate: string
  readonly key: string
  /** What an order is taken to cost until the CA has said it for the same product and days: hundredths. */
  readonly assumedPrice?: number
  readonly approval: ApprovalRules
  readonly hosts: readonly BrokerHost[]
  readonly people: readonly BrokerPerson[]
}

const malformed = (where: string, what: string): EnrollError =>
  new EnrollError('broker.settings', `Could not read the broker’s settings: ${where}: ${what}.`, {
    remedy: 'Compare the file with the example in docs/broker.md.',
  })

const NAME = /^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/i
const PIN = /^sha256:[0-9a-f]{64}$/
const AMOUNT = /^\d{1,9}(?:\.\d{1,2})?$/
const LINE = /^[^\p{Cc}]{1,1000}$/u

/** Reads the broker's file (YAML). Throws EnrollError `broker.settings`, which names the place. */
export function readBrokerSettings(text: string): BrokerSettings {
  const root = readPlace(text, 'broker', malformed, 'failsafe')
  const top = root.map(['listen', 'certificate', 'key', 'assumedPrice', 'limits', 'approval', 'hosts', 'people'])
  const place = need(root, 'listen', top.listen)
  const listen = place.text(LISTEN, 'an address and a port: 0.0.0.0:8443').match(LISTEN)
  if (Number(listen?.[2]) > MAX_PORT) throw place.fail(`not a port up to ${MAX_PORT}`)
  const limits = top.limits === undefined ? {} : readLimits(top.limits)
  const settings = {
    host: (listen?.[1] ?? '').replace(/^\[|\]$/g, ''),
    port: Number(listen?.[2]),
    certificate: need(root, 'certificate', top.certificate).text(LINE, 'a file'),
    key: need(root, 'key', top.key).text(
      /^(?:file|fd|env|credential|exec):./,
      'a source such as file:/etc/hsm-enroll/broker.key',
    ),
    assumedPrice: top.assumedPrice && amountAt(top.assumedPrice),
    approval: top.approval === undefined ? NO_APPROVAL : readApproval(top.approval),
    hosts: need(root, 'hosts', top.hosts)
      .list()
      .map((place) => readHost(place, limits)),
    people: (top.people?.list() ?? []).map(readPerson),
  }
  refuseTwins(settings)
  return settings
}

const LISTEN = /^(\[[0-9a-f:]+\]|[\w.-]+):(\d{1,5})$/
const MAX_PORT = 65_535
const NO_APPROVAL: ApprovalRules = { newHost: false, newSubject: false }

function need(root: Place, name: string, place: Place | undefined): Place {
  if (place === undefined) throw root.fail(`"${name}" is missing`)
  return place
}

/** Hundredths: sums of them are exact. */
export const hundredths = (amount: string): number => Math.round(Number(amount) * 100)
const amountAt = (place: Place): number => hundredths(place.text(AMOUNT, 'an amount such as 500.00'))

function readLimits(place: Place): OrderLimits {
  const { perDay, perMonth, amountPerMonth } = place.map(['perDay', 'perMonth', 'amountPerMonth'])
  return {
    ...(perDay === undefined ? {} : { perDay: perDay.integer(0, 100_000) }),
    ...(perMonth === undefined ? {} : { perMonth: perMonth.integer(0, 100_000) }),
    ...(amountPerMonth === undefined ? {} : { amountPerMonth: amountAt(amountPerMonth) }),
  }
}

function readApproval(place: Place): ApprovalRules {
  const { above, newHost, newSubject } = place.map(['above', 'newHost', 'newSubject'])
  return {
    ...(above === undefined ? {} : { above: amountAt(above) }),
    newHost: newHost?.boolean() ?? false,
    newSubject: newSubject?.boolean() ?? false,
  }
}

function readHost(place: Place, common: OrderLimits): BrokerHost {
  const members = place.map(['name', 'pins', 'expect', 'anyDevice', 'limits', 'operators'])
  const expect = (members.expect?.entries() ?? []).map(([name, values]): [string, readonly string[]] => {
    if (!EXPECTED.includes(name)) throw values.fail(`unknown; known are ${EXPECTED.join(', ')}`)
    return [`expect.${name}`, values.list().map((value) => value.text(LINE, 'a line of text'))]
  })
  const named = expect.some(([name, values]) => NAMES_DEVICE.includes(name) && values.length > 0)
  if (!named && members.anyDevice?.boolean() !== true)
    throw place.fail('"expect" lists no serials, esns or keyVersions: list the devices of the host, or set anyDevice')
  return {
    name: need(place, 'name', members.name).text(NAME, 'a name of letters, digits, dots and hyphens'),
    pins: readPins(place, members.pins),
    expect: new Map(expect),
    limits: { ...common, ...(members.limits === undefined ? {} : readLimits(members.limits)) },
    operators: (members.operators?.list() ?? []).map((each) => each.text(NAME, 'a name')),
  }
}

/** What ties evidence to the hardware of one host. */
const NAMES_DEVICE = ['expect.serials', 'expect.esns', 'expect.keyVersions']

function readPerson(place: Place): BrokerPerson {
  const { name, pins, approves } = place.map(['name', 'pins', 'approves'])
  return {
    name: need(place, 'name', name).text(NAME, 'a name of letters, digits, dots and hyphens'),
    pins: readPins(place, pins),
    mayApprove: approves?.boolean() ?? false,
  }
}

function readPins(owner: Place, place: Place | undefined): readonly string[] {
  const pins = need(owner, 'pins', place)
    .list()
    .map((pin) => pin.text(PIN, 'sha256: and 64 hexadecimal digits').slice('sha256:'.length))
  if (pins.length < 1 || pins.length > 2)
    throw owner.fail('"pins" holds one pin, or two while a certificate is replaced')
  return pins
}

/** A pin or a name that two have would let one act as the other. */
function refuseTwins({ hosts, people }: Pick<BrokerSettings, 'hosts' | 'people'>): void {
  const all = [...hosts, ...people]
  const twin = <T>(values: readonly T[]): T | undefined =>
    values.find((value, index) => values.indexOf(value) !== index)
  const name = twin(all.map((each) => each.name.toLowerCase()))
  if (name !== undefined) throw malformed('broker', `the name ${name} appears twice`)
  const pin = twin(all.flatMap(({ pins }) => [...new Set(pins)]))
  if (pin !== undefined) throw malformed('broker', `the pin sha256:${pin} appears twice`)
}
