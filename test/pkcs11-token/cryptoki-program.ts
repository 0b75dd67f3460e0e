import { join } from 'node:path'
import { CKA } from '../../devices/pkcs11/pkcs11-constants.ts'
import type { TokenUnderTest } from './running-token.ts'

/** One PKCS#11 call by its pkcs11js name. In `args`, `{ hex }` is a buffer and `$name` what an earlier step saved. */
export interface Step {
  readonly call: string
  readonly args?: readonly unknown[]
  readonly save?: string
}

export interface StepResult {
  readonly value?: unknown
  /** CK_RV of a failed call. */
  readonly returnValue?: number
  /** Anything else that went wrong. */
  readonly failure?: string
}

export const CHILD = join(import.meta.dirname, 'cryptoki-child.mjs')

export const step = (call: string, ...args: readonly unknown[]): Step => ({ call, args })
export const saving = (save: string, call: string, ...args: readonly unknown[]): Step => ({ call, args, save })

/** CKF_OS_LOCKING_OK: without it p11-kit-client.so refuses. */
export const initialize = step('C_Initialize', { flags: 2 })
export const slots = saving('slots', 'C_GetSlotList', true)
const RW_SERIAL = 6
/** A session on the n-th slot, saved as `session`. */
export const openSession = (slot = 0, flags = RW_SERIAL): readonly Step[] => [
  initialize,
  slots,
  saving('session', 'C_OpenSession', `$slots.${slot}`, flags),
]
export const login = (pin: string, userType = 1): Step => step('C_Login', '$session', userType, pin)

export const P256 = { hex: '06082a8648ce3d030107' }
export const P384 = { hex: '06052b81040022' }
type Template = readonly { readonly type: number; readonly value: unknown }[]

export const template = (attributes: Readonly<Record<number, unknown>>): Template =>
  Object.entries(attributes).map(([type, value]) => ({ type: Number(type), value }))

/** A strict EC key pair, saved as `keys`. */
export const generateEc = (
  publicAttributes: Readonly<Record<number, unknown>> = {},
  privateAttributes: Readonly<Record<number, unknown>> = {},
): Step =>
  saving(
    'keys',
    'C_GenerateKeyPair',
    '$session',
    { mechanism: 0x1040 },
    template({ [CKA.TOKEN]: true, [CKA.VERIFY]: true, [CKA.EC_PARAMS]: P256, ...publicAttributes }),
    template({
      [CKA.TOKEN]: true,
      [CKA.PRIVATE]: true,
      [CKA.SENSITIVE]: true,
      [CKA.EXTRACTABLE]: false,
      [CKA.SIGN]: true,
      ...privateAttributes,
    }),
  )

/** Runs the steps in a process of its own; steps go on after one that fails. */
export async function runSteps(under: TokenUnderTest, steps: readonly Step[]): Promise<readonly StepResult[]> {
  const { stdout, stderr, code, signal } = await under.run(
    process.execPath,
    [CHILD, under.module],
    JSON.stringify(steps),
  )
  if (code !== 0) throw new Error(`the caller ended with ${code ?? signal}: ${stderr}`)
  return JSON.parse(stdout) as readonly StepResult[]
}

/** CK_RV of the last step: 0 where it succeeded. */
export async function lastReturnValue(under: TokenUnderTest, steps: readonly Step[]): Promise<number | undefined> {
  const last = (await runSteps(under, steps)).at(-1)
  if (last?.failure !== undefined) throw new Error(last.failure)
  return last?.returnValue ?? 0
}

/** What the last step gave. */
export const lastValue = (results: readonly StepResult[]): unknown => results.at(-1)?.value
