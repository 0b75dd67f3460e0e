import { readAccountKey } from '../acme/account-key.ts'
import { createAcmeAuthority } from '../acme/acme-authority.ts'
import type { ExternalAccount } from '../acme/external-account.ts'
import type { Configuration } from '../config/configuration.ts'
import { passedBy, readSecret, type SecretReading } from '../config/secret-source.ts'
import { environmentName } from '../config/settings.ts'
import { EnrollError } from '../errors.ts'
import type { CertificateAuthority } from '../sectigo/certificate-authority.ts'
import { readCaFile } from '../sectigo/http/root-certificates.ts'

/** The ACME server of a configuration. The account's key is fetched with the first signed request and kept for the process. */
export function openAcmeAuthority(
  configuration: Configuration,
  reading: SecretReading,
  { now, sleep }: { readonly now: () => number; readonly sleep: (milliseconds: number) => Promise<void> },
  onTrace?: (line: string) => void,
): CertificateAuthority {
  const caFile = configuration.text('acme.caFile')
  const proxy = configuration.text('acme.proxy')
  let key: ReturnType<typeof fetchAccountKey> | undefined
  return createAcmeAuthority({
    directory: configuration.required('acme.directory'),
    accountKey: () => {
      key ??= fetchAccountKey(configuration, reading)
      return key
    },
    ...externalAccountOf(configuration, reading),
    contact: configuration.list('acme.contact'),
    termsAgreed: configuration.flag('acme.termsOfServiceAgreed'),
    ...{ now, sleep },
    ...(caFile === undefined ? {} : { caCertificates: readCaFile(caFile) }),
    ...(proxy === undefined ? {} : { proxy }),
    ...(onTrace === undefined ? {} : { trace: onTrace }),
  })
}

/** Both settings, or neither. Throws EnrollError `config.missing`. */
export function externalAccountOf(
  configuration: Configuration,
  reading: SecretReading,
): { readonly externalAccount?: ExternalAccount } {
  const [keyId, source] = [configuration.text(EXTERNAL.keyId), configuration.text(EXTERNAL.key)]
  if (keyId === undefined && source === undefined) return {}
  if (keyId === undefined || source === undefined) {
    const missing = keyId === undefined ? EXTERNAL.keyId : EXTERNAL.key
    throw new EnrollError('config.missing', `Could not bind the ACME account: "${missing}" is not set.`, {
      remedy: `Set both ${EXTERNAL.keyId} and ${EXTERNAL.key}, or neither.`,
    })
  }
  const request = { name: 'password', prompt: 'MAC key of the external account' } as const
  return {
    externalAccount: { keyId, key: () => readSecret(source, request, { ...reading, ...passedBy(configuration) }) },
  }
}

const EXTERNAL = { keyId: 'acme.externalAccountKeyId', key: 'acme.externalAccountKey' } as const

async function fetchAccountKey(configuration: Configuration, reading: SecretReading) {
  const source = configuration.text('acme.accountKey')
  if (source === undefined) {
    throw new EnrollError('config.missing', 'Could not sign for the ACME account: "acme.accountKey" is not set.', {
      remedy: `Set a source (env:, file:, fd:, credential:, exec:) in the profile or in ${environmentName('acme.accountKey')}.`,
    })
  }
  const request = { name: 'client-certificate-key', prompt: 'key of the ACME account' } as const
  const secret = await readSecret(source, request, { ...reading, ...passedBy(configuration) })
  try {
    return readAccountKey(secret.bytes())
  } finally {
    secret.wipe()
  }
}
