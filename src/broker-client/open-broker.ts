import type { Configuration } from '../config/configuration.ts'
import { readInput } from '../config/read-input.ts'
import { passedBy, readSecret, type SecretReading } from '../config/secret-source.ts'
import { EnrollError } from '../errors.ts'
import type { BrokerAddress } from './broker-call.ts'

/** Where the broker is, and by what it is known, without the key of this host: no source of a secret is used up. Throws EnrollError `config.…`, `input.…`. */
export async function readBrokerPlace(configuration: Configuration): Promise<Omit<BrokerAddress, 'key'>> {
  const url = brokerUrl(configuration.required('broker.url'))
  configuration.required('broker.clientKey')
  const file = async (path: string): Promise<string> =>
    Buffer.from(await readInput(configuration.required(path))).toString('utf8')
  return { url, ca: await file('broker.ca'), certificate: await file('broker.clientCertificate') }
}

/** The same with the key. Throws EnrollError `config.…`, `input.…`. */
export async function readBrokerAddress(configuration: Configuration, reading: SecretReading): Promise<BrokerAddress> {
  const place = await readBrokerPlace(configuration)
  const request = { name: 'client-certificate-key', prompt: 'key of the client certificate for the broker' } as const
  const key = await readSecret(configuration.required('broker.clientKey'), request, {
    ...reading,
    ...passedBy(configuration),
  })
  return { ...place, key: key.text() }
}

const isBare = ({ username, password, pathname, search, hash }: URL): boolean =>
  username + password + search + hash === '' && pathname === '/'

function brokerUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url?.protocol === 'https:' && isBare(url)) return url
  throw new EnrollError(
    'config.value',
    'Invalid setting "broker.url": it must be an https address without a login, a path or a query.',
    {
      remedy: 'Set broker.url to https://HOST:PORT.',
    },
  )
}
