/** One software device for a file of tests, factory-fresh before each. */
import { afterAll, beforeAll, beforeEach } from 'vitest'
import {
  type Device,
  type DeviceTrace,
  type KeyAlgorithm,
  type KeySpec,
  Secret,
  type SecretRequest,
} from '../../devices/device.ts'
import type { CommandName } from '../../devices/yubihsm2/command.ts'
import { family } from '../../devices/yubihsm2/family.ts'
import { OBJECT_TYPES } from '../../devices/yubihsm2/object-type.ts'
import { type RunningYubiHsm2Double, startYubiHsm2Double } from '../../src/sandbox/yubihsm2/double.ts'
import type { StoredObject } from '../../src/sandbox/yubihsm2/object-store.ts'

/** Its label is unique to a run, as an enrolment makes it. */
export const spec = (algorithm: KeyAlgorithm = 'P-256', label = 'hsm-enroll 4f1c'): KeySpec => ({
  algorithm,
  label,
  id: new Uint8Array(16),
})

export class Rig {
  /** Milliseconds by which the device tells that a session is idle. */
  clock = 0
  trace: DeviceTrace[] = []
  /** Every time a secret was asked for. */
  asked: SecretRequest[] = []
  #double: RunningYubiHsm2Double | undefined

  constructor() {
    beforeAll(async () => {
      this.#double = await startYubiHsm2Double({ now: () => this.clock })
    }, 60_000)
    beforeEach(() => {
      this.clock = 0
      this.trace = []
      this.asked = []
      this.double.device.reset()
      this.double.device.faults.clear()
    })
    afterAll(() => this.#double?.close())
  }

  get double(): RunningYubiHsm2Double {
    if (this.#double === undefined) throw new Error('the double is not started')
    return this.#double
  }

  open(
    settings: Record<string, unknown> = {},
    secrets: Record<string, string> = { password: 'password' },
    uri = this.double.uri,
    signal?: AbortSignal,
  ): Promise<Device> {
    return family.open(uri, {
      secret: async (request) => {
        this.asked.push(request)
        const value = secrets[request.name]
        return value === undefined ? undefined : Secret.fromText(value)
      },
      settings,
      ...(signal === undefined ? {} : { signal }),
      onTrace: (line) => this.trace.push(line),
    })
  }

  /** How often the device has received the command. */
  count(command: CommandName): number {
    return this.double.device.faults.commands.filter((name) => name === command).length
  }

  /** How many key pairs the device holds. */
  asymmetricKeys(): number {
    return this.double.device.store.list().filter(({ type }) => type === OBJECT_TYPES['asymmetric-key']).length
  }

  factoryKey(): StoredObject {
    const factory = this.double.device.store.find(OBJECT_TYPES['authentication-key'], 1)
    if (factory === undefined) throw new Error('no factory key')
    return factory
  }
}
