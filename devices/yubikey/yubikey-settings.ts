import type { SettingDefinition } from '../device.ts'
import { MODULE_SETTING } from '../pkcs11/open-token.ts'
import type { TokenFamily } from '../pkcs11/token-family.ts'
import { printVersion, unpackVersion } from './ykcs11-abilities.ts'

// biome-ignore format: a table, a row a line
export const YUBIKEY_SETTINGS: readonly SettingDefinition[] = [
  MODULE_SETTING,
  { name: 'slot', type: 'string', description: 'PIV slot of the key: 9a, 9c, 9d, 9e, 82 to 95. Default 9c, or slot= in the URI.' },
  { name: 'pinProtectedManagementKey', type: 'boolean', description: 'The management key is stored on the device, protected by the PIN; the PIN is used instead.' },
  { name: 'includeIntermediates', type: 'string', file: true, description: "PEM file of Yubico's intermediate certificates to add after the two certificates of the package (firmware 5.7.4 and later; whether the CA wants them is not known)." },
  { name: 'pivTool', type: 'string', description: 'Path of yubico-piv-tool, which reads the PIN counter before a login. Default: the one on PATH.' },
]

/** Where the packages of Yubico, Debian, Fedora, Homebrew and the Windows installer put libykcs11. */
export const YUBIKEY_FAMILY: TokenFamily = {
  hsmType: 'YUBIKEY',
  scheme: 'yubikey',
  vendor: 'YubiKey',
  search: {
    vendor: 'YubiKey (libykcs11)',
    fileName: /ykcs11/i,
    paths: [
      '/usr/lib/x86_64-linux-gnu/libykcs11.so.2',
      '/usr/lib/x86_64-linux-gnu/libykcs11.so',
      '/usr/lib/aarch64-linux-gnu/libykcs11.so.2',
      '/usr/lib/aarch64-linux-gnu/libykcs11.so',
      '/usr/lib64/libykcs11.so.2',
      '/usr/lib64/libykcs11.so',
      '/usr/lib/libykcs11.so.2',
      '/usr/lib/libykcs11.so',
      '/usr/local/lib/libykcs11.so',
      '/usr/local/lib/libykcs11.dylib',
      '/opt/homebrew/lib/libykcs11.dylib',
      'C:\\Program Files\\Yubico\\Yubico PIV Tool\\bin\\libykcs11.dll',
    ],
    install: 'Install ykcs11 (Debian: apt install ykcs11 pcscd; macOS: brew install yubico-piv-tool).',
  },
  settings: YUBIKEY_SETTINGS,
  firmware: (token) => printVersion(unpackVersion(token.firmware)),
  serviceRemedy:
    'Start pcscd (Linux: systemctl enable --now pcscd.socket; macOS and Windows have it), and check that this user is allowed to use it (polkit).',
  uriAttributes: ['slot'],
  recognises: /yubi/i,
  // CKR_DEVICE_ERROR: libykcs11 answers so for every failure of PC/SC.
  goneCodes: [0x30],
}
