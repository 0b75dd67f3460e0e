import type { Device } from '../../devices/device.ts'
import type { AttestationResult } from '../attestation/contract/attestation-result.ts'
import type { Configuration } from '../config/configuration.ts'
import type { HsmType } from '../hsm-type.ts'
import type { CallOptions, CertificateAuthority } from '../sectigo/certificate-authority.ts'

/** What a check is made of: the package as sent, the request, and what travels beside it. */
export interface EvidenceToCheck {
  readonly hsmType: HsmType
  readonly package: Uint8Array
  readonly csr: Uint8Array
  readonly certChains?: Uint8Array
  /** `DeviceKey.location` of the key, where a device made it. */
  readonly keyName?: string
}

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
  /** Resolves after so many milliseconds, or rejects when the run is aborted. */
  readonly sleep: (milliseconds: number) => Promise<void>
  readonly openDevice: (configuration: Configuration) => Promise<Device>
  readonly certificateAuthority: (configuration: Configuration) => Promise<CertificateAuthority>
  readonly checkEvidence: (evidence: EvidenceToCheck, configuration: Configuration) => Promise<AttestationResult>
  readonly observer: RunObserver
  readonly signal?: AbortSignal
}
