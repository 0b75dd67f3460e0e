import type { Device } from '../../devices/device.ts'
import type { Configuration } from '../config/configuration.ts'
import type { CallOptions, CertificateAuthority } from '../sectigo/certificate-authority.ts'

/** How a call to the CA may be ended. */
export const untilStopped = ({ signal }: EnrollmentServices): CallOptions => (signal === undefined ? {} : { signal })

/** Tells a person (or a JSON stream) where the run is. */
export interface RunObserver {
  step(event: {
    readonly step: string
    readonly status: 'begin' | 'done' | 'refused' | 'waiting'
    readonly detail: string
  }): void
}

/** Everything outside the run itself: given, never reached for. Tests give their own clock, device and CA. */
export interface EnrollmentServices {
  readonly stateDirectory: string
  readonly now: () => number
  /** Milliseconds on a clock that nobody sets, such as `performance.now`: for pauses. */
  readonly monotonic: () => number
  /** Resolves after so many milliseconds, or rejects when the run is aborted. */
  readonly sleep: (milliseconds: number) => Promise<void>
  readonly openDevice: (configuration: Configuration) => Promise<Device>
  readonly certificateAuthority: (configuration: Configuration) => Promise<CertificateAuthority>
  readonly observer: RunObserver
  readonly signal?: AbortSignal
}
