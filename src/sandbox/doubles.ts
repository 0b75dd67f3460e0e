import type { HsmType } from '../hsm-type.ts'
import type { StartDouble } from './double.ts'

interface DoubleModule {
  readonly startDouble: StartDouble
  /** What `--firmware` may say, where the double can be more than one. */
  readonly FIRMWARE?: readonly string[]
}

/** The double of each family by the name that `demo --device` takes; loaded when it is asked for. */
export const DOUBLES: Readonly<
  Record<string, { readonly hsmType: HsmType; readonly load: () => Promise<DoubleModule> }>
> = {
  yubihsm2: { hsmType: 'YUBIHSM2', load: () => import('./yubihsm2/double.ts') },
  yubikey: { hsmType: 'YUBIKEY', load: () => import('./yubikey/double.ts') },
  luna: { hsmType: 'LUNA', load: () => import('./luna/double.ts') },
  nshield: { hsmType: 'NSHIELD', load: () => import('./nshield/double.ts') },
  fortanix: { hsmType: 'FORTANIX', load: () => import('./fortanix/double.ts') },
  'marvell-google': { hsmType: 'MARVELL_GOOGLE', load: () => import('./marvell-google/double.ts') },
}
