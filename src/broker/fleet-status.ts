import { parseCertificate } from '../asn1/certificate.ts'
import type { BrokeredState } from '../broker-client/messages.ts'
import { isHsmType } from '../hsm-type.ts'
import { isoDay } from '../iso-day.ts'
import { advisoriesOn } from '../knowledge/advisories-on.ts'
import type { Knowledge } from '../knowledge/knowledge.ts'
import type { HostRequest, RecordedFact } from '../ledger/fact.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { sha256Hex } from '../sha256-hex.ts'
import { type KnownOrder, knownOrder, stateOf } from './order-state.ts'
import { brokerRun } from './owners.ts'

/** A host that has asked for an order. */
export interface FleetHost {
  readonly name: string
  /** Of hsm-enroll, as it said last. */
  readonly version?: string
  /** ISO 8601, UTC, to the hour. */
  readonly lastSeen?: string
  readonly keys: number
  readonly open: number
  readonly unknown: number
}

/** A key that a host asked for an order for. */
export interface FleetKey {
  readonly spkiSha256: string
  readonly host: string
  readonly test: boolean
  readonly state: BrokeredState
  /** When it was asked for: ISO 8601, UTC. */
  readonly requestedAt: string
  readonly orderNumber?: string
  readonly subjectName: string
  readonly device: HostRequest['device']
  /** End of the certificate: ISO 8601, UTC. */
  readonly notAfter?: string
  /** What firmware and key type fall under today. */
  readonly advisories: readonly { readonly id: string; readonly name: string }[]
}

export interface FleetStatus {
  readonly hosts: readonly FleetHost[]
  /** Those whose certificate ends first before the others. */
  readonly keys: readonly FleetKey[]
}

/** Something is to come yet, from the CA or from a person. */
const OPEN: readonly BrokeredState[] = ['awaiting-approval', 'ordering', 'ordered', 'unknown']

/** A host is noted once in as many milliseconds: what a ledger keeps must not grow with every question. */
const HEARD = 3_600_000

/** Notes that a host was heard of. `last`: what the ledger has of it. */
export async function noteHost(
  ledger: Ledger,
  name: string,
  version: string,
  now: number,
  last: RecordedFact<'host'> | undefined,
): Promise<void> {
  if (last !== undefined && now - Date.parse(last.time) < HEARD) return
  await ledger.record({ kind: 'host', subject: name, run: brokerRun(name), version })
}

/**
 * What the ledger of the brokers knows of all hosts; asks nobody. `now`: milliseconds since 1970. Throws EnrollError `ledger.damaged`.
 */
export async function readFleetStatus(ledger: Ledger, knowledge: Knowledge, now: number): Promise<FleetStatus> {
  const keys: FleetKey[] = []
  for await (const { subject } of ledger.all('request')) {
    const known = await knownOrder(ledger, subject)
    if (known !== undefined) keys.push(keyOf(known, knowledge, isoDay(now)))
  }
  keys.sort(byEnd)
  const names = new Set(keys.map(({ host }) => host))
  const heard = new Map<string, { readonly version: string; readonly time: string }>()
  for await (const { subject, version, time } of ledger.all('host')) heard.set(subject, { version, time })
  for (const name of heard.keys()) names.add(name)
  return { hosts: [...names].sort().map((name) => hostOf(name, keys, heard.get(name))), keys }
}

function keyOf(known: KnownOrder, knowledge: Knowledge, day: string): FleetKey {
  const { claim, request, order, delivery } = known
  const state = stateOf(known)
  const { host, test, subjectName, device, time } = request
  const notAfter = state === 'issued' ? endOf(delivery?.certificates ?? [], claim.slice(0, 64)) : undefined
  return {
    spkiSha256: claim.slice(0, 64),
    host,
    test,
    state,
    requestedAt: time,
    ...(order?.orderNumber === undefined ? {} : { orderNumber: order.orderNumber }),
    subjectName,
    device,
    ...(notAfter === undefined ? {} : { notAfter }),
    advisories: advisoriesOf(device, knowledge, day),
  }
}

/** Of the certificate that is the key's: not every CA says which that is. */
function endOf(certificates: readonly string[], spkiSha256: string): string | undefined {
  for (const base64 of certificates) {
    const { spki, notAfter } = parseCertificate(Buffer.from(base64, 'base64'))
    if (sha256Hex(spki) === spkiSha256) return new Date(notAfter).toISOString()
  }
  return undefined
}

function advisoriesOf(
  { hsmType, firmware, keyType }: HostRequest['device'],
  knowledge: Knowledge,
  day: string,
): FleetKey['advisories'] {
  if (!isHsmType(hsmType)) return []
  const type = keyType === 'RSA' || keyType === 'EC' ? keyType : 'other'
  const facts = { hsmType, firmware, keyType: type, fipsSeries: 'unknown' } as const
  return advisoriesOn(facts, day, knowledge).map(({ row: { id, name } }) => ({ id, name }))
}

function hostOf(
  name: string,
  keys: readonly FleetKey[],
  heard: { readonly version: string; readonly time: string } | undefined,
): FleetHost {
  const own = keys.filter(({ host }) => host === name)
  return {
    name,
    ...(heard === undefined ? {} : { version: heard.version, lastSeen: heard.time }),
    keys: own.length,
    open: own.filter(({ state }) => OPEN.includes(state)).length,
    unknown: own.filter(({ state }) => state === 'unknown').length,
  }
}

/** What has no certificate comes last, the oldest request first. */
function byEnd(a: FleetKey, b: FleetKey): number {
  const [one, other] = [a, b].map(
    ({ notAfter = '9', requestedAt, spkiSha256 }) => `${notAfter} ${requestedAt} ${spkiSha256}`,
  )
  return (one ?? '') < (other ?? '') ? -1 : 1
}
