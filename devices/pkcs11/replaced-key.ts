import { DeviceError } from '../device-error.ts'
import { findByClass, identityTemplate, onlyOne, readIdentity } from './find-key-objects.ts'
import { type KeyIdentity, keyLocation } from './token-key.ts'
import type { TokenSession } from './token-session.ts'

/**
 * The objects of the one key that `name` (as `keyLocation` prints it) stands for: both halves and its certificates. Label and id must
 * both be exactly the key's own, an empty one included: what only shares the label is another key.
 * Throws DeviceError `key.not-found` or `device.ambiguous`; a key that cannot be told must not cost another one.
 */
export function findReplacedKey(
  session: TokenSession,
  name: string,
  identity: Partial<KeyIdentity> | undefined,
): readonly Buffer[] {
  if (identity === undefined || identityTemplate(identity).length === 0) {
    throw new DeviceError('key.not-found', `Could not read the name of the key to replace: "${name.slice(0, 80)}".`, {
      remedy: `Write it as hsm-enroll prints it: ${keyLocation({ label: 'NAME', id: Uint8Array.of(1) })}.`,
    })
  }
  const wanted = keyLocation({ label: identity.label ?? '', id: identity.id ?? new Uint8Array() })
  const [privateKeys = [], ...others] = (['PRIVATE_KEY', 'PUBLIC_KEY', 'CERTIFICATE'] as const).map((each) =>
    findByClass(session, each, identity).filter((object) => keyLocation(readIdentity(session, object)) === wanted),
  )
  const key = onlyOne(session, privateKeys, wanted)
  if (key === undefined) {
    throw new DeviceError(
      'key.not-found',
      `Could not find the key to replace on ${session.cryptoki.subject}: ${wanted}.`,
      {
        remedy: 'Correct --replace-key, or omit it.',
      },
    )
  }
  return [key, ...others.flat()]
}
