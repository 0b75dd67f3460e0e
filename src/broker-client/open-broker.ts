import type { Configuration } from '../config/configuration.ts'
import { readInput } from '../config/read-input.ts'
import { passedBy, readSecret, type SecretReading } from '../config/secret-source.ts'
import { EnrollError } from '../errors.ts'
import type { BrokerAddress } from './broker-call.ts'

/** Reads where the broker is and by what it is known. Throws EnrollError `config.…`, `input.…`. */
export async function readBrokerAddress(configuration: Configuration, reading: SecretReading): Promise<BrokerAddress> {
  const url = brokerUrl(configuration.required('broker.url'))
  const file = async (path: string): Promise<string> =>
    Buffer.from(await readInput(configuration.required(path))).toString('utf8')
  const request = { name: 'client-certificate-key', prompt: 'key of the client certificate for the broker' } as const
  const key = await readSecret(configuration.required('broker.clientKey'), request, {
    ...reading,
    ...passedBy(configuration),
  })
  return { url, ca: await file('broker.ca'), certificate: await file('broker.clientCertificate'), key: key.text() }
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
