import type { HsmType, SecretName } from '../../devices/device.ts'
import type { TrustAnchor } from '../trust-anchors/trust-anchor.ts'

/** A running software double of a device, and all that a profile needs to reach it. */
export interface RunningDouble {
  readonly hsmType: HsmType
  readonly uri: string
  /** The profile's `device:` settings beside the URI. */
  readonly settings: Readonly<Record<string, unknown>>
  /** What a person would type. Test values only. */
  readonly secrets: Readonly<Partial<Record<SecretName, string>>>
  /** Environment that must be set before the device is opened (`P11_KIT_SERVER_ADDRESS`). */
  readonly environment?: Readonly<Record<string, string>>
  /** The double's test root. Never among the built-in anchors. */
  readonly trustAnchors: readonly TrustAnchor[]
  /** That root, and what stands between it and the device but is not on the device, DER: for verifiers of others. */
  readonly rootCertificates?: readonly Uint8Array[]
  /** Certificates that travel beside the package and not in it (PEM); a rehearsal CA has to be told them. */
  readonly certChains?: Uint8Array
  close(): Promise<void>
}

export interface DoubleOptions {
  /** For sockets and state; exists and is private to this run. */
  readonly directory: string
  /** One of the module's `FIRMWARE`. */
  readonly firmware?: string
}

/** What each double's `double.ts` exports as `startDouble`. */
export type StartDouble = (options: DoubleOptions) => Promise<RunningDouble>
