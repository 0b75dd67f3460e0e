import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type Device,
  DeviceError,
  type DeviceProgress,
  type DeviceTrace,
  type OpenOptions,
  Secret,
  type SecretName,
} from '../../devices/device.ts'
import { allHere } from '../not-run.ts'

/** False where p11-kit's client is missing, said aloud; an error in CI, where nothing may be passed over. */
export function p11KitAvailable(): boolean {
  const found = ['x86_64', 'aarch64'].some((cpu) => existsSync(`/usr/lib/${cpu}-linux-gnu/pkcs11/p11-kit-client.so`))
  return allHere(found ? [] : ['p11-kit-client.so'])
}

/** A private folder short enough for a socket, and this process's environment set for as long as it is held. */
export class PrivateEnvironment {
  readonly folder = mkdtempSync(join(tmpdir(), 'hsm-'))
  readonly #before = new Map<string, string | undefined>()

  set(values: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(values)) {
      if (!this.#before.has(name)) this.#before.set(name, process.env[name])
      process.env[name] = value
    }
  }

  restore(): void {
    for (const [name, value] of this.#before) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Open options with secrets, that remember what was asked for and what was traced. */
export function recordedOptions(
  secrets: Readonly<Partial<Record<SecretName, string>>>,
  settings: Readonly<Record<string, unknown>> = {},
) {
  const trace: DeviceTrace[] = []
  const progress: DeviceProgress[] = []
  const asked: SecretName[] = []
  const open: OpenOptions = {
    settings,
    secret: async ({ name }) => {
      asked.push(name)
      const text = secrets[name]
      return text === undefined ? undefined : Secret.fromText(text)
    },
    onTrace: (line) => trace.push(line),
    onProgress: (line) => progress.push(line),
  }
  const calls = (name: string): number => trace.filter(({ call }) => call === name).length
  return { open, trace, progress, asked, calls }
}

/** The DeviceError that a promise ends with; anything else fails the test. */
export async function deviceFailure(promise: Promise<unknown>): Promise<DeviceError> {
  const error = await promise.then(
    () => new Error('nothing failed'),
    (reason: unknown) => reason,
  )
  if (error instanceof DeviceError) return error
  throw error
}

export async function closing<Result>(device: Device, use: (device: Device) => Promise<Result>): Promise<Result> {
  try {
    return await use(device)
  } finally {
    await device.close()
  }
}
