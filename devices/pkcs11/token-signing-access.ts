import type { SigningAccess } from '../signing-access.ts'
import { findModule } from './find-module.ts'
import { readTokenSettings } from './open-token.ts'
import type { TokenFamily } from './token-family.ts'
import type { KeyIdentity } from './token-key.ts'

/** A key on a token, by what its profile says of the token and by where the key is; no module is loaded. Throws DeviceError. */
export function tokenSigningAccess(
  family: TokenFamily,
  uri: string,
  given: Readonly<Record<string, unknown>>,
  identity: KeyIdentity,
): SigningAccess {
  const { settings, query } = readTokenSettings(family, uri, given)
  return {
    ...moduleOf(family, query.modulePath ?? settings.text('module')),
    ...(query.token === undefined ? {} : { token: query.token }),
    ...(query.serial === undefined ? {} : { serial: query.serial }),
    ...(identity.id.length === 0 ? {} : { id: identity.id }),
    label: identity.label,
    showsCertificate: true,
    pitfalls: [],
  }
}

function moduleOf({ search }: TokenFamily, explicit: string | undefined): Pick<SigningAccess, 'module' | 'isFound'> {
  try {
    return { module: findModule(search, { explicit }).path, isFound: true }
  } catch {
    return { module: explicit ?? search.paths[0] ?? search.vendor, isFound: false }
  }
}
