import type { Configuration } from '../config/configuration.ts'
import { isBrokered } from '../config/order-route.ts'
import { passedBy, readSecret, type SecretReading } from '../config/secret-source.ts'
import { environmentName } from '../config/settings.ts'
import { EnrollError } from '../errors.ts'
import { type ClientOptions, type Credentials, createClient, type SectigoClient } from '../sectigo/http/client.ts'
import { DEFAULT_TIMEOUTS } from '../sectigo/http/exchange.ts'
import { readCaFile } from '../sectigo/http/root-certificates.ts'

/** The bare client, for what speaks to one endpoint. */
export const connectToCa = (
  configuration: Configuration,
  reading: SecretReading,
  onTrace?: (line: string) => void,
): SectigoClient => createClient(clientOptions(configuration, reading, onTrace))

/** The connection as the configuration has it. Credentials are fetched with the first call and kept for the process. */
export function clientOptions(
  configuration: Configuration,
  reading: SecretReading,
  onTrace?: (line: string) => void,
): ClientOptions {
  const caFile = configuration.text('sectigo.caFile')
  const proxy = configuration.text('sectigo.proxy')
  const seconds = configuration.integer('sectigo.timeoutSeconds')
  let credentials: Promise<Credentials> | undefined
  return {
    url: configuration.required('sectigo.endpoint'),
    credentials: () => {
      credentials ??= fetchCredentials(configuration, reading)
      return credentials
    },
    ...(caFile === undefined ? {} : { caCertificates: readCaFile(caFile) }),
    ...(proxy === undefined ? {} : { proxy }),
    ...(seconds === undefined ? {} : { timeouts: { ...DEFAULT_TIMEOUTS, reply: seconds * 1000 } }),
    trace: (event) =>
      onTrace?.(
        event.kind === 'request'
          ? `POST ${event.endpoint} (${event.parameters.join(', ')})`
          : `${event.endpoint}: ${event.end}`,
      ),
  }
}

async function fetchCredentials(configuration: Configuration, reading: SecretReading): Promise<Credentials> {
  if (isBrokered(configuration)) throw loginIsElsewhere()
  const read = (path: string, prompt: string) => {
    const source = configuration.text(path) ?? (reading.prompt === undefined ? undefined : 'prompt')
    if (source === undefined) {
      throw new EnrollError('config.missing', `Could not log in to the CA: "${path}" is not set.`, {
        remedy: `Set a source (env:, file:, fd:, credential:, exec:) in the profile (--profile, if the command has no profile argument) or in ${environmentName(path)}.`,
      })
    }
    return readSecret(source, { name: 'password', prompt }, { ...reading, ...passedBy(configuration) })
  }
  return {
    loginName: await read('sectigo.loginName', 'Sectigo account name'),
    loginPassword: await read('sectigo.loginPassword', 'Sectigo account password'),
  }
}

/** A source for it would be refused beside broker.url: it is not what this host lacks. */
const loginIsElsewhere = (): EnrollError =>
  new EnrollError(
    'broker.refused',
    'Could not log in to the CA: this host orders through a broker, which alone has the login.',
    {
      remedy: 'Run the command on the machine of the broker, with its profile.',
    },
  )
