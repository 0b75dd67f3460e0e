import { createServer as createHttpServer, type Server } from 'node:http'
import { createServer } from 'node:https'
import type { TrustAnchor } from '../../trust-anchors/trust-anchor.ts'
import { CounterBook, type Counters } from './counters.ts'
import { ENDPOINTS } from './endpoints/endpoints.ts'
import { type Fault, FaultList } from './fault.ts'
import { type FlowAction, FlowRunner, type FlowStep, INSTANT, perform } from './flow.ts'
import { createFront } from './front.ts'
import { createIssuingCa } from './issuing-ca.ts'
import { formatCents, Ledger, parseCents } from './ledger.ts'
import { type Order, OrderBook } from './order-book.ts'
import { type PushOptions, type PushRecord, sendPush } from './push.ts'
import type { Account, Rehearsal } from './rehearsal.ts'
import { loopbackTlsIdentity, type TlsIdentity } from './tls-identity.ts'
import type { Verifiers } from './verify-key-attestation.ts'

export interface CertificateAuthorityOptions {
  /** Test roots (and built-in ones, for evidence of real devices) that attestations may end in. */
  readonly trustAnchors?: readonly TrustAnchor[]
  /** Certificates that Google hands out beside the statement (PEM): the statement alone proves nothing. */
  readonly certChains?: Uint8Array
  readonly verifiers?: Verifiers
  readonly account?: Partial<Account> & { readonly credit?: string; readonly hardLimit?: string }
  /** Amounts by product code; `other` for the rest. */
  readonly prices?: Readonly<Record<string, string>>
  /** What happens to each order as time goes by; everything at once where absent, nothing by itself where empty. */
  readonly flow?: readonly FlowStep[]
  readonly faults?: readonly Fault[]
  /** Where changes are pushed to. */
  readonly push?: PushOptions
  /** SHA-256 of SPKIs that earn -40. */
  readonly compromisedKeys?: readonly string[]
  /** Server key and certificate to use again (`loopbackTlsIdentity`); those of the process where absent. */
  readonly tls?: TlsIdentity
  /** Milliseconds since 1970. */
  readonly now?: () => number
  /** 0 picks a free one. */
  readonly port?: number
  /** Opens a second, plain-HTTP door that answers -1 to everything. */
  readonly plainDoor?: boolean
}

/** Login of the rehearsal account. Test values. */
const REHEARSAL_LOGIN = { loginName: 'rehearsal', loginPassword: 'rehearsal-password' } as const

export interface RunningCertificateAuthority {
  /** Base address of the endpoints: `https://127.0.0.1:PORT/products/`. */
  readonly url: string
  /** Of the plain-HTTP door, where there is one. */
  readonly plainUrl?: string
  /** PEM that a client must trust to reach it. */
  readonly caCertificatePem: string
  /** PEM of the root that issued certificates end in, and of that for `test=Y`. */
  readonly rootPem: string
  readonly testRootPem: string
  readonly login: { readonly loginName: string; readonly loginPassword: string }
  readonly counters: Counters
  /** Credit as the account shows it. */
  readonly credit: string
  readonly orders: readonly Order[]
  /** Makes the next requests go wrong. */
  fail(...faults: readonly Fault[]): void
  /** Forgets what was still to go wrong. */
  heal(): void
  /** Does to an order what staff or applicant would do; false where it cannot be done now. */
  perform(orderNumber: string, action: FlowAction, reason?: string): boolean
  /** Runs what is due by the clock. Done before each request anyhow, and every second where pushes are sent. */
  advance(): void
  /** Every push so far; resolves when none is under way. */
  pushes(): Promise<readonly PushRecord[]>
  close(): Promise<void>
}

const DEFAULT_ACCOUNT: Account = {
  ...REHEARSAL_LOGIN,
  accountId: '10001',
  currency: 'EUR',
  testOrders: true,
  apiEnabled: true,
  raPrivileges: false,
  paymentRequired: false,
  foreignOrderNumber: false,
}

const DEFAULT_PRICES: Readonly<Record<string, string>> = {
  other: '100.00',
  '706': '345.00',
  '1214': '245.00',
  '577': '90.00',
  '163': '35.00',
}

let identity: TlsIdentity | undefined
/** One for all rehearsal CAs of a process: a client reads all its roots, some hundreds, for each that it has to trust. */
function identityOfProcess(): TlsIdentity {
  identity ??= loopbackTlsIdentity()
  return identity
}

/** Starts the rehearsal CA on loopback: HTTPS, every documented endpoint, its own issuing chain. Nothing leaves the machine. */
export async function startCertificateAuthority(
  options: CertificateAuthorityOptions = {},
): Promise<RunningCertificateAuthority> {
  const now = options.now ?? Date.now
  const account: Account = { ...DEFAULT_ACCOUNT, ...options.account }
  const pushes: Promise<PushRecord>[] = []
  const changed = (order: Order, action: FlowAction) => {
    if (options.push !== undefined) pushes.push(sendPush(order, action, options.push))
  }
  const flow = new FlowRunner(options.flow ?? INSTANT, changed)
  const prices = { ...DEFAULT_PRICES, ...options.prices }
  const rehearsal: Rehearsal = {
    account,
    ledger: new Ledger(options.account?.credit ?? '1000.00', options.account?.hardLimit ?? '0.00'),
    orders: new OrderBook(),
    counters: new CounterBook(),
    issuing: { regular: createIssuingCa('Rehearsal', now()), test: createIssuingCa('Untrusted Test', now()) },
    attestation: {
      trustAnchors: options.trustAnchors ?? [],
      certChains: options.certChains,
      verifiers: options.verifiers,
    },
    compromisedKeys: new Set(options.compromisedKeys),
    prices: Object.fromEntries(Object.entries(prices).map(([code, price]) => [code, parseCents(price)])),
    now,
    placed: (order) => {
      if (order.state !== 'pending') return
      flow.begin(order, now())
      flow.advance(rehearsal)
    },
  }
  const faults = new FaultList()
  for (const fault of options.faults ?? []) faults.add(fault)
  const tls = options.tls ?? identityOfProcess()
  const beforeRequest = () => flow.advance(rehearsal)
  const timer = options.push === undefined ? undefined : setInterval(beforeRequest, 1000).unref()
  const front = { prefix: '/products/', endpoints: ENDPOINTS, faults, rehearsal, beforeRequest }
  const server = createServer({ key: tls.key, cert: tls.certificate }, createFront({ ...front, secure: true }))
  const port = await listen(server, options.port ?? 0)
  const plain = options.plainDoor === true ? createHttpServer(createFront({ ...front, secure: false })) : undefined
  const plainPort = plain === undefined ? undefined : await listen(plain, 0)
  return {
    url: `https://127.0.0.1:${port}/products/`,
    ...(plainPort === undefined ? {} : { plainUrl: `http://127.0.0.1:${plainPort}/products/` }),
    caCertificatePem: tls.caCertificatePem,
    rootPem: rehearsal.issuing.regular.rootPem,
    testRootPem: rehearsal.issuing.test.rootPem,
    login: { loginName: account.loginName, loginPassword: account.loginPassword },
    get counters() {
      return rehearsal.counters.snapshot()
    },
    get credit() {
      return formatCents(rehearsal.ledger.credit)
    },
    get orders() {
      return rehearsal.orders.all
    },
    fail: (...list) => {
      for (const fault of list) faults.add(fault)
    },
    heal: () => faults.clear(),
    perform: (orderNumber, action, reason) => {
      const order = rehearsal.orders.find(orderNumber)
      if (order === undefined || !perform(order, action, reason, rehearsal)) return false
      changed(order, action)
      return true
    },
    advance: beforeRequest,
    pushes: () => Promise.all(pushes),
    close: async () => {
      clearInterval(timer)
      await Promise.all([server, plain].map((open) => open === undefined || stop(open)))
    },
  }
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => {
      const address = server.address()
      if (typeof address === 'object' && address !== null) resolve(address.port)
      else reject(new Error('the server has no port'))
    })
  })
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
