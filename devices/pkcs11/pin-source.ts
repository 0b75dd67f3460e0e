import { open } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { SecretProvider } from '../device.ts'
import { DeviceError } from '../device-error.ts'
import { Secret } from '../secret.ts'

const MAX_BYTES = 1024
const LINE_FEED = 0x0a
const CARRIAGE_RETURN = 0x0d
/** Some editors put it before a text; no PIN begins with one. */
const BYTE_ORDER_MARK = Buffer.from('\ufeff')

/**
 * `?pin-source=file:/run/credentials/pin` (RFC 7512 section 2.4): the PIN comes from that file, without a final line break;
 * every other secret from the provider. A command (`|program`) is not run. Throws DeviceError `device.uri` for another form.
 */
export function withPinSource(source: string | undefined, provider: SecretProvider): SecretProvider {
  if (source === undefined) return provider
  const path = pinSourcePath(source)
  return async (request) => (request.name === 'pin' ? await readPin(path) : await provider(request))
}

/** Throws DeviceError `device.uri` where it names no file. */
export function pinSourcePath(source: string): string {
  if (source.startsWith('/')) return source
  try {
    if (source.startsWith('file:'))
      return fileURLToPath(source.startsWith('file://') ? source : `file://${source.slice(5)}`)
  } catch {
    // Falls through to the error.
  }
  throw new DeviceError('device.uri', 'Could not read pin-source in the device URI: it does not specify a file.', {
    remedy: 'Write it as pin-source=file:/absolute/path.',
  })
}

async function readPin(path: string): Promise<Secret> {
  const buffer = Buffer.alloc(MAX_BYTES + 1)
  try {
    const file = await open(path, 'r')
    try {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, null)
      // The beginning of a longer file is another PIN, and would cost a try.
      if (bytesRead > MAX_BYTES) throw new RangeError(`longer than ${MAX_BYTES} bytes`)
      const text = buffer.subarray(0, endOfLine(buffer, bytesRead))
      return Secret.fromBytes(text.subarray(0, 3).equals(BYTE_ORDER_MARK) ? text.subarray(3) : text)
    } finally {
      await file.close()
    }
  } catch (cause) {
    throw new DeviceError('pin.missing', `Could not read the PIN from ${path}.`, {
      remedy: `Check that the pin-source file exists, that this user can read it, and that it contains only the PIN (at most ${MAX_BYTES} bytes).`,
      cause,
    })
  } finally {
    buffer.fill(0)
  }
}

/** Where the text ends: before one final line break. */
function endOfLine(bytes: Uint8Array, length: number): number {
  if (bytes[length - 1] !== LINE_FEED) return length
  return bytes[length - 2] === CARRIAGE_RETURN ? length - 2 : length - 1
}
