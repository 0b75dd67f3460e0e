import type { SettingDefinition } from '../device.ts'
import { MODULE_SETTING } from '../pkcs11/open-token.ts'
import { USER_PIN } from '../pkcs11/pin-doctrine.ts'
import { CKU } from '../pkcs11/pkcs11-constants.ts'
import { plainFirmware } from '../pkcs11/token-description.ts'
import type { TokenFamily } from '../pkcs11/token-family.ts'
import type { Role } from '../pkcs11/token-session.ts'
import type { SecretForm } from '../secret-form.ts'
import type { SettingReader } from '../setting-reader.ts'
import { LUNA_CKU } from './luna-constants.ts'
import { LUNA_RETURN_CODES } from './luna-return-codes.ts'

export const LUNA_SETTINGS: readonly SettingDefinition[] = [
  MODULE_SETTING,
  {
    name: 'role',
    type: 'string',
    description: 'crypto-officer (default; generates keys), limited-crypto-officer, or crypto-user (signs only).',
  },
  {
    name: 'cmu',
    type: 'string',
    description: "Path of the client's cmu, used if the module does not return the confirmation.",
  },
  { name: 'packageForm', type: 'string', description: 'der (default: what the CA accepts) or pem.' },
]

export const LUNA_FAMILY: TokenFamily = {
  hsmType: 'LUNA',
  scheme: 'luna',
  vendor: 'Luna',
  search: {
    vendor: 'Luna (libCryptoki2)',
    fileName: /cryptoki2|chrystoki|luna/i,
    paths: [
      '/usr/safenet/lunaclient/lib/libCryptoki2_64.so',
      '/usr/safenet/lunaclient/lib/libCryptoki2.so',
      '/usr/lib/libCryptoki2_64.so',
      '/opt/safenet/lunaclient/lib/libCryptoki2_64.so',
      '/usr/safenet/lunaclient/libs/64/libCryptoki2.so',
      '/opt/SUNWluna/lib/libCryptoki2_64.so',
      'C:\\Program Files\\SafeNet\\LunaClient\\cryptoki.dll',
    ],
    install: 'Install the Luna client (or unpack the Luna Cloud HSM client and source its setenv).',
  },
  settings: LUNA_SETTINGS,
  returnCodes: LUNA_RETURN_CODES,
  recognises: /safenet|thales|chrysalis|gemalto|luna/i,
  // The model of a network HSM carries it ("LunaSA 7.8.4"); the packed number does not tell patch from build.
  firmware: (token) => /\d+\.\d+\.\d+/.exec(token.model)?.[0] ?? plainFirmware(token),
  serviceRemedy:
    "Check the client's configuration (/etc/Chrystoki.conf or ChrystokiConfigurationPath) and the link to the HSM (vtl verify, lunacm).",
}

const ROLES = {
  'crypto-officer': { userType: CKU.USER, name: 'Crypto Officer PIN' },
  'limited-crypto-officer': { userType: LUNA_CKU.LIMITED_CRYPTO_OFFICER, name: 'Limited Crypto Officer PIN' },
  'crypto-user': { userType: LUNA_CKU.CRYPTO_USER, name: 'Crypto User PIN' },
} as const

export type LunaRole = keyof typeof ROLES

export const lunaRoleName = (settings: SettingReader): LunaRole =>
  settings.oneOf('role', ['crypto-officer', 'limited-crypto-officer', 'crypto-user']) ?? 'crypto-officer'

/** In which form the package is given. */
export const lunaPackageForm = (settings: SettingReader): 'der' | 'pem' =>
  settings.oneOf('packageForm', ['der', 'pem']) ?? 'der'

/** The client takes a set of ASCII characters (Thales, "Password and PIN policies"); which of them differs by firmware. */
export const LUNA_PIN_FORM: SecretForm = { alphabet: 'ascii' }

export function lunaRole(settings: SettingReader): Role {
  const { userType, name } = ROLES[lunaRoleName(settings)]
  return { userType, secret: 'pin', pin: { ...USER_PIN, name }, form: LUNA_PIN_FORM }
}
