import { DeviceError } from '../device-error.ts'
import type { TokenQuery } from '../pkcs11/token-uri.ts'
import type { SettingReader } from '../setting-reader.ts'
import { PIV_SLOTS, type PivSlot, slotByCkaId, slotByName } from './piv-slots.ts'

/** PIV's slot for digital signatures. A slot that is taken is refused, so a default does no harm. */
const DEFAULT_SLOT = '9c'

/** From `slot=` or `id=` in the URI, or the setting `slot`; they must agree. Throws DeviceError `device.settings`. */
export function chosenSlot(query: TokenQuery, settings: SettingReader): PivSlot {
  const named = [query.extra.get('slot'), settings.text('slot')].filter((name) => name !== undefined)
  const slots = named.map((name) => slotByName(name) ?? unknownSlot(name))
  if (query.id !== undefined)
    slots.push(slotByCkaId(query.id) ?? unknownSlot(`id ${Buffer.from(query.id).toString('hex')}`))
  const [first, ...others] = slots
  if (others.some((slot) => slot !== first)) {
    throw new DeviceError(
      'device.settings',
      `Could not choose a PIV slot: ${slots.map(({ name }) => name).join(' and ')} are specified.`,
      {
        remedy: 'Specify the slot once, in the URI or in the settings.',
      },
    )
  }
  return first ?? slotByName(DEFAULT_SLOT) ?? unknownSlot(DEFAULT_SLOT)
}

function unknownSlot(name: string): never {
  throw new DeviceError(
    'device.settings',
    `Could not choose a PIV slot: "${name.slice(0, 16)}" is not a slot for keys.`,
    {
      remedy: `Use one of ${PIV_SLOTS.map((slot) => slot.name).join(', ')}.`,
    },
  )
}
