import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { setLimits } from '../../../src/ledger/postgresql/account-limits.ts'
import { Transactions } from '../../../src/ledger/postgresql/transactions.ts'
import { loopbackTlsIdentity } from '../../../src/sandbox/certificate-authority/tls-identity.ts'
import { type Rehearsal, startRehearsal } from '../../../src/sandbox/rehearsal/start-rehearsal.ts'
import { startConnector } from '../../../src/sandbox/yubihsm2/connector-server.ts'
import { PERSONALITIES } from '../../../src/sandbox/yubihsm2/personality.ts'
import { FACTORY_PASSWORD, SoftwareYubiHsm } from '../../../src/sandbox/yubihsm2/software-device.ts'
import { newIdentity } from '../../broker/broker-kit.ts'
import { PASSWORD, PostgresqlServer } from '../../ledger/postgresql-server.ts'
import type { Lan } from './lan.ts'
import { BrokerProcess, type Seat } from './programs.ts'

/** Behind the one address for all hosts are both brokers. */
export const ADDRESSES = { database: '10.77.0.2', ca: '10.77.0.3', broker: '10.77.0.9', person: '10.77.0.10' } as const
const BROKER_PORT = 8443
const CONNECTOR_PORT = 12345
const CA_PORT = 443
const SERIAL = 39_100_000
/** Devices, of which each brings two anchors, in one file: a file may hold no more than 64. */
const ANCHORED = 30

/** What the name of the organization of a key says that the second person does with it. */
export const REJECTED = 'Reject'
/** And of most keys: they wait for the person no more once one of them was ordered for. */
export const USUAL = 'Example Signing GmbH'
const organizationOf = (host: number, key: number): string =>
  key % 10 === 1 ? `${REJECTED} ${host}-${key}` : key % 5 === 0 ? `Approve ${host}-${key}` : USUAL

export interface Host extends Seat {
  readonly address: string
  readonly stateDirectory: string
  /** A file with all its profiles, for `batch`. */
  readonly jobs: string
  /** What is to be ordered: the profile's file, and whether the second person rejects it. */
  readonly profiles: readonly { readonly file: string; readonly organization: string; readonly rejected: boolean }[]
  /** Which broker the address leads it to. */
  broker: number
}

/** Hosts with a device each, two brokers of the built program, a database, a CA, a second person: each on a machine of its own. */
export interface Fleet {
  readonly folder: string
  readonly history: string
  readonly lan: Lan
  readonly server: PostgresqlServer
  readonly database: string
  readonly rehearsal: Rehearsal
  readonly hosts: readonly Host[]
  readonly brokers: readonly BrokerProcess[]
  readonly person: Seat & { readonly profile: string }
}

export async function startFleet(lan: Lan, folder: string, hosts: number, keys: number): Promise<Fleet> {
  for (const [node, address] of Object.entries(ADDRESSES)) if (node !== 'broker') await lan.node(node, address)
  const write = (name: string, content: string): string => {
    const file = join(folder, name)
    writeFileSync(file, content, { mode: 0o600 })
    return file
  }
  const writeAnchors = (name: string, of: readonly SoftwareYubiHsm[]): string =>
    write(name, JSON.stringify({ trustAnchors: of.flatMap(({ issuer }) => issuer.trustAnchors) }))
  const devices = Array.from(
    { length: hosts },
    (_, index) =>
      new SoftwareYubiHsm({ ...PERSONALITIES['2.4'], serial: SERIAL + index }, undefined, { keyType: 'P-256' }),
  )
  const ca = loopbackTlsIdentity(ADDRESSES.ca)
  const rehearsal = await startRehearsal({
    directory: folder,
    algorithm: 'P-256',
    authority: { tls: ca, account: { credit: '900000000.00' } },
    device: {
      hsmType: 'YUBIHSM2',
      uri: 'yubihsm2:',
      settings: {},
      secrets: { password: FACTORY_PASSWORD },
      trustAnchors: devices.flatMap(({ issuer }) => issuer.trustAnchors),
      close: async () => undefined,
    },
  })
  lan.atEnd(() => rehearsal.close())
  await lan.door('ca', ADDRESSES.ca, CA_PORT, Number(new URL(rehearsal.ca.url).port))
  const { server, database } = await startDatabase(lan, write)
  const base = parse(readFileSync(rehearsal.profile, 'utf8')) as Record<string, Record<string, unknown>>
  const front = loopbackTlsIdentity(ADDRESSES.broker)
  const brokerCa = write('broker-ca.pem', front.caCertificatePem)
  const { sectigo, ...rest } = base
  const through = (name: string): { readonly pin: string; readonly broker: object } => {
    const { pin, certificate, key } = newIdentity()
    const broker = {
      url: `https://${ADDRESSES.broker}:${BROKER_PORT}`,
      ca: brokerCa,
      clientCertificate: write(`${name}.pem`, certificate),
      clientKey: `file:${write(`${name}.key`, key)}`,
      pollSeconds: '1',
    }
    return { pin, broker }
  }
  const pins: string[] = []
  const built: Host[] = []
  for (const [index, device] of devices.entries()) {
    const node = `host-${index}`
    const address = `10.77.1.${index + 1}`
    await lan.node(node, address)
    const connector = await startConnector(device)
    await lan.door(node, '127.0.0.1', CONNECTOR_PORT, connector.port)
    const { pin, broker } = through(node)
    pins.push(pin)
    const home = join(folder, node)
    mkdirSync(home)
    const stateDirectory = join(home, 'state')
    const trustAnchors = [writeAnchors(`${node}-anchors.json`, [device])]
    const profiles = Array.from({ length: keys }, (_, key) => {
      const organization = organizationOf(index, key)
      const profile = {
        ...rest,
        stateDirectory,
        trustAnchors,
        device: {
          ...base.device,
          uri: `yubihsm2:connector=http://127.0.0.1:${CONNECTOR_PORT};serial=${SERIAL + index};auth-key=1`,
        },
        request: { ...base.request, subject: `CN=Key ${key} of ${node},O=${organization},L=Utrecht,ST=Utrecht,C=NL` },
        order: { ...base.order, organizationName: organization },
        broker,
      }
      const file = write(`${node}-${key}.yaml`, stringify(profile))
      return { file, organization, rejected: organization.startsWith(REJECTED) }
    })
    const jobs = write(`${node}.jobs`, profiles.map(({ file }) => file).join('\n'))
    built.push({ node, client: index + 1, home, address, stateDirectory, jobs, profiles, broker: index % 2 })
  }
  const alice = through('alice')
  const settings = stringify({
    listen: `${ADDRESSES.broker}:${BROKER_PORT}`,
    certificate: write('broker.pem', front.certificate),
    key: `file:${write('broker.key', front.key)}`,
    assumedPrice: '245.00',
    limits: { perMonth: String(keys * 4) },
    approval: { newSubject: 'true' },
    hosts: built.map(({ node }, index) => ({
      name: node,
      pins: [pins[index]],
      expect: { serials: [String(SERIAL + index)] },
    })),
    people: [{ name: 'alice', pins: [alice.pin], approves: 'true' }],
  })
  const account = {
    ...rest,
    trustAnchors: Array.from({ length: Math.ceil(hosts / ANCHORED) }, (_, index) =>
      writeAnchors(`anchors-${index}.json`, devices.slice(index * ANCHORED, (index + 1) * ANCHORED)),
    ),
    sectigo: { ...sectigo, endpoint: `https://${ADDRESSES.ca}:${CA_PORT}/products/` },
    ledger: {
      url: `postgresql://${ADDRESSES.database}:${server.port}/${database}`,
      user: 'broker',
      password: `file:${write('database-password', PASSWORD)}`,
      ca: join(folder, 'database-ca.pem'),
    },
  }
  const brokers: BrokerProcess[] = []
  for (const index of [0, 1]) {
    const node = `broker-${index}`
    const address = `10.77.0.${11 + index}`
    await lan.node(node, address)
    const stateDirectory = join(folder, `${node}-state`)
    const profile = write(`${node}.yaml`, stringify({ ...account, stateDirectory }))
    const args = ['broker', write(`${node}-settings.yaml`, settings), '--profile', profile, '--json']
    brokers.push(new BrokerProcess(lan, { node, address, stateDirectory, log: join(folder, `${node}.log`) }, args))
  }
  await lan.shared(
    ADDRESSES.broker,
    brokers.map(({ node }) => node),
  )
  for (const { address, broker } of built) await lan.lead(address, broker)
  await lan.lead(ADDRESSES.person, 0)
  for (const broker of brokers) {
    lan.atEnd(() => broker.kill())
    await broker.start()
  }
  const home = join(folder, 'alice')
  mkdirSync(home)
  const profile = write('alice.yaml', stringify({ broker: alice.broker }))
  const person = { node: 'person', client: 0, home, profile }
  return {
    folder,
    history: join(folder, 'history.jsonl'),
    lan,
    server,
    database,
    rehearsal,
    hosts: built,
    brokers,
    person,
  }
}

/** A limit that nobody reaches: every intent takes its share of it all the same. */
async function startDatabase(lan: Lan, write: (name: string, content: string) => string) {
  const server = await PostgresqlServer.start([], { inside: lan.inside('database'), address: ADDRESSES.database })
  lan.atEnd(() => server.stop())
  const identity = loopbackTlsIdentity(ADDRESSES.database)
  write('database-ca.pem', identity.caCertificatePem)
  const database = await server.migrated()
  const owner = new Transactions(server.options(database))
  await setLimits(owner, `https://${ADDRESSES.ca}/products/`, { ordersPerDay: 100_000, assumedPrice: '245.00' })
  await owner.close()
  await server.encrypt(identity)
  return { server, database }
}
