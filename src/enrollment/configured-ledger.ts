import type { SecretName } from '../../devices/device.ts'
import type { Configuration } from '../config/configuration.ts'
import { passedBy, readSecret, type SecretReading } from '../config/secret-source.ts'
import { EnrollError } from '../errors.ts'
import { fileFault, readBoundedFile } from '../files/bounded-file.ts'
import type { Ledger } from '../ledger/ledger.ts'
import { readAddress } from '../ledger/postgresql/address.ts'
import type { DatabaseOptions } from '../ledger/postgresql/connection.ts'
import { PostgresqlLedger } from '../ledger/postgresql/postgresql-ledger.ts'
import { once } from '../once.ts'

const MAX_PEM = 1024 * 1024

/**
 * The ledger in a database, where a configuration names one (`ledger.url`): for the services of a run. It connects, and its secrets are
 * fetched, when it is first used.
 *
 * @throws EnrollError `ledger.address`, `config.missing`.
 * @example
 * ```ts
 * const configuration = await loadConfiguration({ profile: 'signing.yaml' })
 * const ledger: Ledger | undefined = configuredLedger(configuration, { env: process.env })
 * ```
 */
export const configuredLedger = (configuration: Configuration, reading: SecretReading): Ledger | undefined =>
  databaseLedger(configuration, reading)

/** The same, for what only a database can do. Throws EnrollError `ledger.address`, `config.missing`. */
export function databaseLedger(configuration: Configuration, reading: SecretReading): PostgresqlLedger | undefined {
  const url = configuration.text('ledger.url')
  // Who sets a login means a database; the folder in its place would know nothing of what others have ordered.
  if (url === undefined && OF_A_DATABASE.some((path) => configuration.text(path) !== undefined))
    configuration.required('ledger.url')
  return url === undefined || url === ''
    ? undefined
    : new PostgresqlLedger(databaseOptions(url, configuration, reading))
}

/** What has no meaning without `ledger.url`. */
const OF_A_DATABASE = ['user', 'password', 'ca', 'clientCertificate', 'clientKey'].map((name) => `ledger.${name}`)

function databaseOptions(url: string, configuration: Configuration, reading: SecretReading): DatabaseOptions {
  const secret = (path: string, name: SecretName, prompt: string): (() => Promise<string>) | undefined => {
    const source = configuration.text(path)
    if (source === undefined) return undefined
    // A person is asked once, and a descriptor can be read once.
    return once(async () =>
      (await readSecret(source, { name, prompt }, { ...reading, ...passedBy(configuration) })).text(),
    )
  }
  const file = (path: string): (() => Promise<string>) | undefined => {
    const name = configuration.text(path)
    return name === undefined ? undefined : () => readPem(path, name)
  }
  const certificate = file('ledger.clientCertificate')
  const key = secret('ledger.clientKey', 'client-certificate-key', 'key of the client certificate for the ledger')
  if ((certificate === undefined) !== (key === undefined)) {
    configuration.required('ledger.clientCertificate')
    configuration.required('ledger.clientKey')
  }
  return {
    address: readAddress(url),
    user: configuration.required('ledger.user'),
    password: secret('ledger.password', 'password', 'password of the ledger'),
    tls: configuration.text('ledger.tls') === 'off' ? 'off' : 'verify',
    ca: file('ledger.ca'),
    ...(certificate === undefined || key === undefined
      ? {}
      : { client: async () => ({ certificate: await certificate(), key: await key() }) }),
  }
}

async function readPem(setting: string, file: string): Promise<string> {
  const bytes = await readBoundedFile(file, MAX_PEM).catch((cause: unknown) => {
    throw new EnrollError('ledger.tls', `Could not read ${setting}: ${file}: ${fileFault(cause)}.`, {
      remedy: 'Check the path and the permissions.',
      cause,
    })
  })
  const text = bytes.toString('latin1')
  if (!text.includes('-----BEGIN CERTIFICATE-----'))
    throw new EnrollError('ledger.tls', `Could not use ${setting}: ${file} contains no PEM certificate.`, {
      remedy: 'Specify a file with PEM certificates.',
    })
  return text
}
