import type { SettingDefinition } from '../device.ts'
import { MODULE_SETTING } from '../pkcs11/open-token.ts'
import { USER_PIN } from '../pkcs11/pin-doctrine.ts'
import { CKU } from '../pkcs11/pkcs11-constants.ts'
import type { TokenFamily } from '../pkcs11/token-family.ts'
import type { Role } from '../pkcs11/token-session.ts'
import { NSHIELD_RETURN_CODES } from './nshield-return-codes.ts'

export const NSHIELD_SETTINGS: readonly SettingDefinition[] = [
  MODULE_SETTING,
  {
    name: 'nfkmattest',
    type: 'string',
    description: 'Path of nfkmattest. Default: /opt/nfast/bin/nfkmattest, else the one on PATH.',
  },
  {
    name: 'warrants',
    type: 'string',
    description: "Folder with the module's KLF2 warrant. Default: nfkmattest's own (/opt/nfast/kmdata/warrants).",
  },
]

export const NSHIELD_FAMILY: TokenFamily = {
  hsmType: 'NSHIELD',
  scheme: 'nshield',
  vendor: 'nShield',
  search: {
    vendor: 'nShield (libcknfast)',
    fileName: /cknfast/i,
    paths: [
      '/opt/nfast/toolkits/pkcs11/libcknfast.so',
      'C:\\Program Files\\nCipher\\nfast\\bin\\cknfast.dll',
      'C:\\Program Files\\nCipher\\nfast\\toolkits\\pkcs11\\cknfast.dll',
    ],
    install: 'Install the Security World software (hwsp, ctls) and add this user to the group nfast.',
  },
  settings: NSHIELD_SETTINGS,
  returnCodes: NSHIELD_RETURN_CODES,
  recognises: /ncipher|entrust|nshield/i,
  serviceRemedy:
    'Start the hardserver (/opt/nfast/sbin/init.d-ncipher start), check it with enquiry, and add this user to the group nfast.',
}

/** The passphrase of a softcard or an operator card. */
export const nshieldRole = (): Role => ({ userType: CKU.USER, secret: 'pin', pin: { ...USER_PIN, name: 'passphrase' } })
