import type { Configuration } from '../config/configuration.ts'
import type { EnrollmentServices } from '../enrollment/services.ts'
import type { BrokerSettings } from './broker-settings.ts'

/** What the desk works with: the profile that it orders under, the broker's file, the world. */
export interface DeskSetting {
  readonly configuration: Configuration
  readonly settings: BrokerSettings
  readonly services: EnrollmentServices
}
