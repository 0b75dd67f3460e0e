import { execFileSync } from 'node:child_process'
import { afterAll, afterEach, beforeAll } from 'vitest'
import type { KeyAlgorithm, KeySpec } from '../../devices/device.ts'
import { recordedOptions } from './hsm-double.ts'
import { openPlainToken } from './open-plain-token.ts'
import { SOFTHSM_PIN, type SofthsmFolder, softhsmFolder } from './softhsm-token.ts'

type OpenedDevice = Awaited<ReturnType<typeof openPlainToken>>

export interface SofthsmUnderTest extends SofthsmFolder {
  /** Of the token `Signing`. */
  readonly uri: string
  /** Where the room keeps the locks of its devices. */
  readonly lockFolder: string
  /** Opens the token, by default with its PIN; what a test leaves open is closed after it. */
  open(given?: ReturnType<typeof recordedOptions>, at?: string): Promise<OpenedDevice>
  /** Closes what was opened last. */
  close(): Promise<void>
  /** What OpenSC's pkcs11-tool prints of the token `Signing`. */
  pkcs11Tool(...args: readonly string[]): Buffer
}

export const withPin = () => recordedOptions({ pin: SOFTHSM_PIN })

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

export const spec = (algorithm: KeyAlgorithm, label: string, id = label): KeySpec => ({
  algorithm,
  label,
  id: bytes(id),
})

/** A SoftHSM2 with the token `Signing` for all tests of a `describe`. The getter may be called within tests. */
export function withSofthsm(): () => SofthsmUnderTest {
  let current: SofthsmUnderTest | undefined
  let device: OpenedDevice | undefined
  beforeAll(() => {
    const softhsm = softhsmFolder()
    softhsm.addToken('Signing')
    const uri = `pkcs11:token=Signing?module-path=${softhsm.module}`
    current = {
      ...softhsm,
      uri,
      lockFolder: softhsm.environment.HSM_ENROLL_TEST_DEVICE_LOCKS ?? '',
      open: async (given = withPin(), at = uri) => {
        device = await openPlainToken(at, given.open, 'LUNA')
        return device
      },
      close: async () => await device?.close(),
      pkcs11Tool: (...args) =>
        execFileSync('pkcs11-tool', ['--module', softhsm.module, '--token-label', 'Signing', ...args], {
          stdio: ['ignore', 'pipe', 'ignore'],
        }),
    }
  })
  afterEach(async () => {
    await device?.close()
    device = undefined
  })
  afterAll(() => current?.remove())
  return () => {
    if (current === undefined) throw new Error('SoftHSM2 is not set up')
    return current
  }
}

/** What other programs leave on tokens: a key pair that has a label and, unless one is given, no CKA_ID. */
export function addKeyByTool(under: SofthsmUnderTest, label: string, ...more: readonly string[]): void {
  const key = ['--keypairgen', '--key-type', 'EC:prime256v1', '--label', label, ...more]
  under.pkcs11Tool('--login', '--pin', SOFTHSM_PIN, ...key)
}
