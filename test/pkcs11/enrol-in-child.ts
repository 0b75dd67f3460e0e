/** A process that makes a key and says so: what a crash inside a module takes with it. Run by crash.test.ts. */

import { DeviceError } from '../../devices/device-error.ts'
import { family } from '../../devices/luna/family.ts'
import { Secret } from '../../devices/secret.ts'

const { uri, settings, pin, label } = JSON.parse(process.argv[2] ?? '{}') as {
  uri: string
  settings: Record<string, unknown>
  pin: string
  label: string
}
const abort = new AbortController()
process.on('SIGINT', () => abort.abort())
try {
  const device = await family.open(uri, {
    settings,
    signal: abort.signal,
    secret: async () => Secret.fromText(pin),
    onProgress: ({ kind }) => process.stdout.write(`${kind}\n`),
  })
  try {
    await device.generateKeyPair({ algorithm: 'P-256', label, id: new TextEncoder().encode(label) })
    process.stdout.write('made\n')
  } finally {
    await device.close()
  }
} catch (error) {
  const known = error instanceof DeviceError ? `${error.code}: ${error.message} ${error.remedy}` : String(error)
  process.stdout.write(`failed ${known}\n`)
}
process.exit(0)
