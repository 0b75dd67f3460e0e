import type { Device, HsmType, OpenOptions } from '../../devices/device.ts'
import { MODULE_SETTING, openToken } from '../../devices/pkcs11/open-token.ts'
import { Pkcs11Device } from '../../devices/pkcs11/pkcs11-device.ts'
import type { TokenFamily } from '../../devices/pkcs11/token-family.ts'

/** A token by the standard alone, without any vendor's behaviour: it makes keys, signs, keeps certificates, and attests nothing. */
export const plainFamily = (hsmType: HsmType): TokenFamily => ({
  hsmType,
  scheme: 'pkcs11',
  vendor: 'PKCS#11',
  search: { vendor: 'PKCS#11', fileName: /^$/, paths: [], install: 'Install the module of the device.' },
  settings: [MODULE_SETTING],
})

/** Opens `pkcs11:…?module-path=…`. Throws DeviceError. */
export async function openPlainToken(
  uri: string,
  options: OpenOptions,
  hsmType: HsmType,
): Promise<Device & Pkcs11Device> {
  return await openToken(plainFamily(hsmType), uri, options, {}, (opened) => new Pkcs11Device(opened))
}
