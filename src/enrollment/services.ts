import type { Device, DeviceGuard } from '../../devices/device.ts'
import type { Configuration } from '../config/configuration.ts'
import type { SecretReading } from '../config/secret-source.ts'
import type { Ledger } from '../ledger/ledger.ts'
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
  /** The folder of runs, locks, the ledger and the poll schedule. */
  readonly stateDirectory: string
  /** Where secrets come from: an environment, and somebody to ask if `prompt` is given. */
  readonly reading: SecretReading
  /** What outlives runs; the folder `ledger` of the state directory unless another is given. */
  readonly ledger?: Ledger
  readonly now: () => number
  /** Milliseconds on a clock that nobody sets, such as `performance.now`: for pauses. */
  readonly monotonic: () => number
  /** Resolves after so many milliseconds, or rejects when the run is aborted. */
  readonly sleep: (milliseconds: number) => Promise<void>
  readonly openDevice: (configuration: Configuration, guard?: DeviceGuard) => Promise<Device>
  readonly certificateAuthority: (configuration: Configuration) => Promise<CertificateAuthority>
  readonly observer: RunObserver
  /** Called when a run was moved, under no lock; tells whoever the configuration says, and never throws. */
  readonly tell?: (configuration: Configuration, run: string) => Promise<void>
  /** A person has made sure of the PIN that was wrong, and lets it be sent once more. Default false. */
  readonly tryPinAgain?: boolean
  /** Every call to the device and the CA, one line each, without secrets. */
  readonly onTrace?: (line: string) => void
  readonly signal?: AbortSignal
}
