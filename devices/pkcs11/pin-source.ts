import { open } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { SecretProvider } from '../device.ts'
import { DeviceError } from '../device-error.ts'
import { Secret } from '../secret.ts'

const MAX_BYTES = 1024

/**
 * `?pin-source=file:/run/credentials/pin` (RFC 7512 section 2.4): the PIN comes from that file, without a final line break;
 * every other secret from the provider. A command (`|program`) is not run. Throws DeviceError `device.uri` for another form.
 */
export function withPinSource(source: string | undefined, provider: SecretProvider): SecretProvider {
  if (source === undefined) return provider
  const path = pathOf(source)
  return async (request) => (request.name === 'pin' ? await readPin(path) : await provider(request))
}

function pathOf(source: string): string {
  if (source.startsWith('/')) return source
  try {
    if (source.startsWith('file:'))
      return fileURLToPath(source.startsWith('file://') ? source : `file://${source.slice(5)}`)
  } catch {
    // Falls through to the error.
  }
  throw new DeviceError('device.uri', 'Could not read pin-source in the device URI: it names no file.', {
    remedy: 'Write it as pin-source=file:/absolute/path.',
  })
}

async function readPin(path: string): Promise<Secret> {
  try {
    const file = await open(path, 'r')
    try {
      const buffer = Buffer.alloc(MAX_BYTES)
      const { bytesRead } = await file.read(buffer, 0, MAX_BYTES, 0)
      const end = buffer
        .subarray(0, bytesRead)
        .toString('latin1')
        .replace(/\r?\n$/, '').length
      const secret = Secret.fromBytes(buffer.subarray(0, end))
      buffer.fill(0)
      return secret
    } finally {
      await file.close()
    }
  } catch (cause) {
    throw new DeviceError('pin.missing', `Could not read the PIN from ${path}.`, {
      remedy: 'Check that the file of pin-source is there and that this user may read it.',
      cause,
    })
  }
}
