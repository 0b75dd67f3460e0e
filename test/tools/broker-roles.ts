/** What `npm run bench:broker` starts beside the broker, each as a process of its own, which is told what to do over its IPC channel. */
import { readFileSync } from 'node:fs'
import { type BrokerAddress, callBroker } from '../../src/broker-client/broker-call.ts'
import { loadConfiguration } from '../../src/config/configuration.ts'
import { createRealServices } from '../../src/enrollment/real-services.ts'
import { PostgresqlLedger } from '../../src/ledger/postgresql/postgresql-ledger.ts'
import { startCertificateAuthority } from '../../src/sandbox/certificate-authority/certificate-authority.ts'
import type { TlsIdentity } from '../../src/sandbox/certificate-authority/tls-identity.ts'
import type { TrustAnchor } from '../../src/trust-anchors/trust-anchor.ts'
import { PASSWORD } from '../ledger/postgresql-server.ts'
import type { HostOrder } from './broker-orders.ts'

export type Role = 'ca' | 'alone' | 'hosts' | 'claims'

/** What each role is begun with: a file of JSON. */
export interface RoleSetting {
  readonly orders: readonly HostOrder[]
  readonly beside: number
  readonly trustAnchors: readonly TrustAnchor[]
  readonly login: { readonly loginName: string; readonly loginPassword: string }
  readonly tls: TlsIdentity
  /** With the login of the CA; for `alone`. */
  readonly profile: string
  readonly stateDirectory: string
  readonly brokerCa: string
  readonly identities: readonly TlsIdentity[]
}

/** What a role is asked: orders from and to, or to begin and to end. */
export interface Question {
  readonly from: number
  readonly to: number
  readonly url?: string
  readonly database?: { readonly port: number; readonly name: string }
}

/** Answers each question with what it took, in milliseconds. */
export type Work = (question: Question) => Promise<object>

export async function playRole(role: Role, file: string): Promise<void> {
  const setting = JSON.parse(readFileSync(file, 'utf8')) as RoleSetting
  const work = await ROLES[role](setting)
  process.on('message', (question: Question) => {
    work(question).then(
      (answer) => process.send?.(answer),
      (error: unknown) => process.send?.({ fault: error instanceof Error ? error.stack : String(error) }),
    )
  })
  process.send?.({ ready: true })
}

const ROLES: Readonly<Record<Role, (setting: RoleSetting) => Work | Promise<Work>>> = {
  ca: playCa,
  alone: playAlone,
  hosts: playHosts,
  claims: () => playClaims,
}

/** The rehearsal CA, which answers at once. Answers with its address, and how many orders it has. */
async function playCa({ trustAnchors, login, tls }: RoleSetting): Promise<Work> {
  const account = { credit: '900000000.00', ...login }
  const ca = await startCertificateAuthority({ trustAnchors, account, tls })
  return async () => ({ url: ca.url, orders: ca.orders.length })
}

/** The calls that an order needs, made by a process that does nothing else. */
async function playAlone({ orders, beside, profile, stateDirectory }: RoleSetting): Promise<Work> {
  const configuration = await loadConfiguration({ profile, env: {} })
  const services = createRealServices({ stateDirectory, reading: { env: {} }, observer: { step: () => undefined } })
  const ca = await services.certificateAuthority(configuration)
  return ({ from, to }) =>
    inParallel(orders.slice(from, to), beside, async ({ request }) => {
      await ca.balance()
      const outcome = await ca.applyOrder(request.form)
      if (outcome.kind !== 'ordered') throw new Error(`the CA answered ${JSON.stringify(outcome)}`)
    })
}

/** Hosts, as the program calls a broker: over the connection of the call before. */
async function playHosts({ orders, beside, brokerCa, identities }: RoleSetting): Promise<Work> {
  const addresses = new Map<string, BrokerAddress>()
  const addressOf = (host: number, url: string): BrokerAddress => {
    const { key = '', certificate = '' } = identities[host] ?? {}
    const address = addresses.get(`${host} ${url}`) ?? { url: new URL(url), ca: brokerCa, certificate, key }
    addresses.set(`${host} ${url}`, address)
    return address
  }
  return ({ from, to, url = '' }) =>
    inParallel(orders.slice(from, to), beside, async ({ host, request }) => {
      const address = addressOf(host, url)
      const reply = await callBroker(address, { method: 'POST', path: '/v1/orders', body: request })
      const state: unknown = reply.kind === 'reply' ? Reflect.get(Object(reply.body), 'state') : undefined
      if (state !== 'ordered') throw new Error(`the broker answered ${JSON.stringify(reply)}`)
    })
}

/** Claims, and round trips between them, over a connection like those of the broker. `to`: how many of each. */
async function playClaims({ from, to, database }: Question): Promise<object> {
  if (database === undefined) throw new Error('there is no database')
  const { port, name } = database
  const ledger = new PostgresqlLedger({
    address: { host: '127.0.0.1', port, database: name },
    user: 'broker',
    password: async () => PASSWORD,
    tls: 'off',
    connections: 1,
  })
  const claims: number[] = []
  const roundTrips: number[] = []
  const timed = async (into: number[], work: () => Promise<unknown>): Promise<void> => {
    const begun = performance.now()
    await work()
    into.push(performance.now() - begun)
  }
  await ledger.claim(`bench-${from}-first`, 'bench', 'first')
  for (let index = 0; index < to - from; index++) {
    await timed(roundTrips, () => ledger.transactions.read('SELECT 1'))
    await timed(claims, () => ledger.claim(`bench-${from}-${index}`, 'bench', 'intent'))
  }
  await ledger.close()
  return { claims, roundTrips }
}

async function inParallel<T>(
  items: readonly T[],
  beside: number,
  work: (item: T) => Promise<unknown>,
): Promise<{ readonly milliseconds: number }> {
  const left = [...items]
  const begun = performance.now()
  await Promise.all(
    Array.from({ length: beside }, async () => {
      for (let item = left.pop(); item !== undefined; item = left.pop()) await work(item)
    }),
  )
  return { milliseconds: performance.now() - begun }
}
