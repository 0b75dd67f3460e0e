import { type DeviceProgress, type DeviceTrace, type OpenOptions, Secret } from '../../devices/device.ts'
import { type FortanixDevice, openFortanix } from '../../devices/fortanix/fortanix-device.ts'
import { type RetryPolicy, sleep } from '../../devices/http/retry.ts'
import { type MarvellGoogleDevice, openMarvellGoogle } from '../../devices/marvell-google/marvell-google-device.ts'
import type { RunningDouble } from '../../src/sandbox/double.ts'

/** Waits are cut to 2 ms: what is waited for is looked at through `waits`. */
export function quickRetry(waits: number[] = []): Partial<RetryPolicy> {
  return {
    random: () => 0,
    sleep: (ms, signal) => {
      waits.push(ms)
      return sleep(Math.min(ms, 2), signal)
    },
  }
}

export interface Opening {
  readonly uri?: string
  readonly settings?: Readonly<Record<string, unknown>>
  readonly secrets?: Readonly<Record<string, string>>
  readonly traces?: DeviceTrace[]
  readonly waits?: number[]
  readonly signal?: AbortSignal
  readonly onProgress?: (progress: DeviceProgress) => void
}

function optionsOf(double: RunningDouble, opening: Opening): OpenOptions {
  const secrets: Readonly<Record<string, string>> = { ...double.secrets, ...opening.secrets }
  return {
    settings: { ...double.settings, ...opening.settings },
    secret: async ({ name }) => (secrets[name] === undefined ? undefined : Secret.fromText(secrets[name])),
    onTrace: (trace) => opening.traces?.push(trace),
    onProgress: (progress) => opening.onProgress?.(progress),
    ...(opening.signal === undefined ? {} : { signal: opening.signal }),
  }
}

export function openDsm(double: RunningDouble, opening: Opening = {}): Promise<FortanixDevice> {
  return openFortanix(opening.uri ?? double.uri, optionsOf(double, opening), quickRetry(opening.waits))
}

export function openKms(double: RunningDouble, opening: Opening = {}): Promise<MarvellGoogleDevice> {
  return openMarvellGoogle(opening.uri ?? double.uri, optionsOf(double, opening), quickRetry(opening.waits))
}
