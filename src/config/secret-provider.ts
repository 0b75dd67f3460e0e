import type { Secret, SecretProvider } from '../../devices/device.ts'
import type { Configuration } from './configuration.ts'
import { passedBy, readSecret, type SecretReading } from './secret-source.ts'

/**
 * Answers a device's requests from the sources of a configuration (`device.secrets.…`); asks, if there is no source and `reading.prompt` is
 * given. Each secret is fetched once. (`pin-source` of a PKCS#11 URI is read by the device.)
 *
 * @throws EnrollError `config.secret`, from the provider, for a source that cannot be read.
 * @example
 * ```ts
 * const configuration = await loadConfiguration({ profile: 'signing.yaml' })
 * const secret: SecretProvider = createSecretProvider(configuration, { env: process.env })
 * ```
 */
export function createSecretProvider(configuration: Configuration, reading: SecretReading = {}): SecretProvider {
  const fetched = new Map<string, Promise<Secret>>()
  return async (request) => {
    const source =
      configuration.text(`device.secrets.${request.name}`) ?? (reading.prompt === undefined ? undefined : 'prompt')
    if (source === undefined) return undefined
    const known = fetched.get(request.name) ?? readSecret(source, request, { ...reading, ...passedBy(configuration) })
    fetched.set(request.name, known)
    return known
  }
}
