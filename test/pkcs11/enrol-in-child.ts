/** A process that makes a key and says so: what a crash inside a module takes with it. Run by crash.test.ts. */
import { openDevice } from '../../devices/open.ts'
import { Secret } from '../../devices/secret.ts'

const { uri, settings, pin, label } = JSON.parse(process.argv[2] ?? '{}') as {
  uri: string
  settings: Record<string, unknown>
  pin: string
  label: string
}
const abort = new AbortController()
process.on('SIGINT', () => abort.abort())
const device = await openDevice(uri, {
  settings,
  signal: abort.signal,
  secret: async () => Secret.fromText(pin),
  onProgress: ({ kind }) => process.stdout.write(`${kind}\n`),
})
try {
  await device.generateKeyPair({ algorithm: 'P-256', label, id: new TextEncoder().encode(label) })
  process.stdout.write('made\n')
} catch (error) {
  process.stdout.write(`failed ${error instanceof Error && 'code' in error ? String(error.code) : String(error)}\n`)
} finally {
  await device.close()
}
process.exit(0)
