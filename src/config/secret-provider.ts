import { parseDeviceUri, type Secret, type SecretProvider } from '../../devices/device.ts'
import type { Configuration } from './configuration.ts'
import { readSecret, type SecretReading } from './secret-source.ts'

/**
 * Answers a device's requests from the configured sources; where none is named and somebody can be asked, by asking.
 * Each secret is fetched once per process. `pin-source` of a PKCS#11 URI (RFC 7512) counts as the source of the PIN.
 */
export function createSecretProvider(configuration: Configuration, reading: SecretReading = {}): SecretProvider {
  const fetched = new Map<string, Promise<Secret>>()
  return async (request) => {
    const source =
      configuration.text(`device.secrets.${request.name}`) ??
      (request.name === 'pin' ? pinSourceOf(configuration.text('device.uri')) : undefined) ??
      (reading.prompt === undefined ? undefined : 'prompt')
    if (source === undefined) return undefined
    const known = fetched.get(request.name) ?? readSecret(source, request, reading)
    fetched.set(request.name, known)
    return known
  }
}

function pinSourceOf(uri: string | undefined): string | undefined {
  const source = uri === undefined ? undefined : parseDeviceUri(uri).query.get('pin-source')
  if (source === undefined) return undefined
  return /^(file|fd|env|credential|exec):/.test(source) ? source.replace(/^file:\/\//, 'file:') : `file:${source}`
}
