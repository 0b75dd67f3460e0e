import type { KeySpec } from '../device.ts'
import { DeviceError } from '../device-error.ts'
import { type Obstacle, obstacles, warning } from '../obstacle.ts'
import type { Attribute } from '../pkcs11/key-template.ts'
import type { PivSlot } from './piv-slots.ts'
import { canDo, printVersion, type Version } from './ykcs11-abilities.ts'

/** CKA_VENDOR_DEFINED + Yubico's base, libykcs11 2.3 and later; one byte each. */
const CKA_YUBICO = { touchPolicy: 0xd9554201, pinPolicy: 0xd9554202 } as const
const PIN_POLICY = { default: 0, never: 1, once: 2, always: 3 } as const
const TOUCH_POLICY = { default: 0, never: 1, always: 2, cached: 3 } as const

type Policies = Pick<KeySpec, 'pinPolicy' | 'touchPolicy'>

/** What the template of a new key says of its policies. Throws DeviceError `device.unsupported` where the module cannot set them. */
export function policyAttributes(
  { pinPolicy = 'default', touchPolicy = 'default' }: Policies,
  module: Version,
): readonly Attribute[] {
  if (pinPolicy === 'default' && touchPolicy === 'default') return []
  if (!canDo(module, 'policies')) {
    throw new DeviceError(
      'device.unsupported',
      `Could not set a PIN or touch policy: libykcs11 ${printVersion(module)} does not support them.`,
      {
        remedy: 'Use libykcs11 2.3 or later, or leave the policies at their default.',
      },
    )
  }
  return [
    { type: CKA_YUBICO.pinPolicy, value: Buffer.of(PIN_POLICY[pinPolicy]) },
    { type: CKA_YUBICO.touchPolicy, value: Buffer.of(TOUCH_POLICY[touchPolicy]) },
  ]
}

/** Does a key in this slot ask for the PIN before each signature? 9c alone does so of itself (NIST SP 800-73-4 part 1, 3.2.2). */
const asksBeforeEach = ({ name }: PivSlot, { pinPolicy = 'default' }: Policies): boolean =>
  pinPolicy === 'always' || (pinPolicy === 'default' && name === '9c')

/**
 * What the policies of a new key will mean to whoever signs with it. They are fixed with the key. SunPKCS11 (jsign, jarsigner) logs in
 * once, as does python-pkcs11 unless told otherwise; pkcs11-provider, NSS and pkcs11-tool log in again for each signature.
 */
export const policyAdvice = (slot: PivSlot, policies: Policies): readonly Obstacle[] =>
  obstacles(
    asksBeforeEach(slot, policies) &&
      warning(
        'key.pin-policy',
        `a key in slot ${slot.name} with the PIN policy "${policies.pinPolicy ?? 'default'}" asks for the PIN before every signature: jsign and jarsigner sign one document per login with it, and OpenSSL's libp11 engine none without a terminal`,
        slot.name === '9c'
          ? 'For batches, set key.pinPolicy to once (libykcs11 2.3 or later) or use slot 9a, before the key is generated: its policy cannot be changed.'
          : 'For batches, set key.pinPolicy to once before the key is generated: its policy cannot be changed.',
      ),
    policies.touchPolicy === 'always' &&
      warning(
        'key.touch-policy',
        'a key with the touch policy "always" waits for a touch at every signature, at most 15 seconds',
        'For batches, set key.touchPolicy to cached or never before the key is generated: its policy cannot be changed.',
      ),
  )
