import type { SecretName } from './secret.ts'

/** The one device that a URI led to. */
export interface ChosenDevice {
  /** One of HSM_TYPES. */
  readonly hsmType: string
  /** As `DeviceDescription.serial` has it. */
  readonly serial?: string
  /** How messages name it. */
  readonly subject: string
}

/** A secret that is about to go to the device, and whose wrong tries the device counts or records. */
export interface Login {
  readonly secret: SecretName
  /** What the device knows it by: "PIV PIN", "password of authentication key 1". */
  readonly name: string
}

/** `not-tried`: it did not come to an answer to the secret, as where somebody is logged in already. */
export type LoginOutcome = 'right' | 'wrong' | 'not-tried'

/** Watches over one opening of a device. What it throws ends the opening, before the secret is sent. */
export interface DeviceGuard {
  /** Once the device is locked for us, before any secret is asked for. */
  chosen(device: ChosenDevice): Promise<void>
  beforeLogin(login: Login): Promise<void>
  /** Not called where nobody can know how it ended. `triesLeft`: after a wrong one, where the device tells. */
  afterLogin(login: Login, outcome: LoginOutcome, triesLeft?: number): Promise<void>
}
