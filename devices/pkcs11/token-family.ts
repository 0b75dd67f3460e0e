import type { HsmType, SettingDefinition } from '../device.ts'
import type { ModuleSearch } from './find-module.ts'
import type { VendorReturnCodes } from './pkcs11-error.ts'
import type { TokenDescription } from './token-description.ts'

/** What a family brings to the shared room, as data. */
export interface TokenFamily {
  readonly hsmType: HsmType
  readonly scheme: string
  readonly vendor: string
  readonly search: ModuleSearch
  readonly settings: readonly SettingDefinition[]
  /** What to do where the module is there and cannot reach its service. */
  readonly serviceRemedy?: string
  /** CK_RV that mean a lost device with this vendor's module, whatever the standard says. */
  readonly goneCodes?: readonly number[]
  /** What the vendor's own CK_RV mean. */
  readonly returnCodes?: VendorReturnCodes
  /** Firmware as the vendor writes it; `major.minor` without it. */
  readonly firmware?: (token: TokenDescription) => string
  /** URI path attributes of the family's own. */
  readonly uriAttributes?: readonly string[]
  /** Is a token one of the vendor's, by its manufacturer and model? Absent: any may be. */
  readonly recognises?: RegExp
}

/** One module may show tokens of several vendors, and the environment may lead to another vendor's module. */
export const isOfFamily = ({ recognises }: TokenFamily, { manufacturer, model }: TokenDescription): boolean =>
  recognises?.test(`${manufacturer} ${model}`) ?? true
