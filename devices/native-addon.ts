import { isSea } from 'node:sea'
import { DeviceError } from './device-error.ts'
import { type AddonPackages, addonFault } from './native-addon-fault.ts'

interface Addons {
  readonly 'graphene-pk11': typeof import('graphene-pk11')
  readonly 'node-hid': typeof import('node-hid')
}
export type NativeAddon = keyof Addons

/** No device of any vendor has these numbers. */
const NOBODY = 0xffff

/** A row an addon. `builds`: the package whose install script builds the binary. `load`: what makes it load, where an import does not. */
const ADDONS: { readonly [Name in NativeAddon]: AddonPackages & { readonly load?: (addon: Addons[Name]) => void } } = {
  'graphene-pk11': {
    what: 'PKCS#11 addon, which YubiKey, Luna and nShield need',
    builds: 'pkcs11js',
    needs: 'a C++ compiler, make and python3',
  },
  'node-hid': {
    what: 'USB addon, which finds YubiKeys whose PIV is disabled',
    builds: 'node-hid',
    needs: 'a C++ compiler, make, python3 and the headers of libudev and libusb',
    // It loads its binary at the first call.
    load: (addon) => void addon.devices(NOBODY, NOBODY),
  },
}

/** The package is on no registry. */
const FROM_A_CLONE =
  'Install the npm package instead: in a clone, npm ci && npm run build && npm pack && npm install --global --allow-scripts=pkcs11js,node-hid ./hsm-enroll-*.tgz'

export const NATIVE_ADDONS: readonly NativeAddon[] = ['graphene-pk11', 'node-hid']

/**
 * Loads an addon with its binary. The name is computed, so that a bundler leaves the package outside, where its binary is.
 * Throws DeviceError `device.module`, which says why in the loader's own words.
 */
export async function loadNativeAddon<Name extends NativeAddon>(name: Name): Promise<Addons[Name]> {
  const { load, ...packages } = ADDONS[name]
  try {
    const { default: addon }: { readonly default: Addons[Name] } = await import(name)
    load?.(addon)
    return addon
  } catch (cause) {
    if (isSea())
      throw new DeviceError(
        'device.module',
        `Could not load the ${packages.what}: the single-file program holds no native addon.`,
        {
          remedy: FROM_A_CLONE,
          cause,
        },
      )
    const { message, remedy } = addonFault(packages, cause)
    throw new DeviceError('device.module', message, { remedy, cause })
  }
}
