import { formatDeviceUri, parseDeviceUri } from '../../../devices/device.ts'
import { Configuration } from '../../config/configuration.ts'
import { placeName } from '../../ledger/fact.ts'
import type { Ledger } from '../../ledger/ledger.ts'
import type { KnownRun } from '../profile-runs.ts'
import { holderOf } from '../replacing/place-holder.ts'

/**
 * Where the new key goes. `beside`: the device gives every key a place of its own, named after its run. `slot`: the next of
 * `renewal.places` that no key needs. `none`: there is no second place, and `why` says what would be lost.
 */
export type PlaceChoice =
  | { readonly kind: 'beside'; readonly configuration: Configuration }
  | { readonly kind: 'slot'; readonly configuration: Configuration; readonly place: string }
  | { readonly kind: 'none'; readonly why: string; readonly remedy: string }

/** Asks no device. Throws EnrollError `ledger.damaged`; DeviceError `device.uri`. */
export async function choosePlace(
  configuration: Configuration,
  { id, record }: KnownRun,
  setting: { readonly ledger: Ledger; readonly stateDirectory: string; readonly now: number },
): Promise<PlaceChoice> {
  const { keyRequested, keyLocation = '' } = record
  // A device with fixed places was asked for a key in one; any other was asked for a key with the label of the run.
  const isFixed = keyRequested?.place !== undefined && keyRequested.place !== record.keyLabel
  if (!isFixed) return { kind: 'beside', configuration: without(configuration, ['key.replaceKey']) }
  const places = configuration.list('renewal.places').map((place) => place.toLowerCase())
  const device = keyRequested.deviceName ?? ''
  const turn = places.indexOf(keyLocation)
  const inTurn = [...places.slice(turn + 1), ...places.slice(0, Math.max(turn, 0))]
  const taken: string[] = []
  for (const place of inTurn) {
    const holder = await holderOf(setting, { device, location: place })
    if (holder?.stake === undefined)
      return { kind: 'slot', place, configuration: at(configuration, place, holder !== undefined) }
    taken.push(`${place} (run ${holder.run}: ${holder.stake})`)
  }
  const lost = `a new key in ${keyLocation} ends the old one at once, and nothing can be signed until the CA has issued, which takes days`
  return {
    kind: 'none',
    why:
      taken.length === 0
        ? `${keyLocation} is the only place for the key: ${lost}`
        : `no place is free: ${taken.join(', ')}`,
    remedy:
      taken.length === 0
        ? `Add a second place to the profile (renewal.places: [${keyLocation}, 82]). To give the old key up instead, use \`hsm-enroll enroll PROFILE --new --replace-key ${keyLocation} --abandon ${id}\`.`
        : 'Add a place to renewal.places, or retire a key that is not used any more: `hsm-enroll runs retire RUN`.',
  }
}

function without({ values, profile }: Configuration, paths: readonly string[]): Configuration {
  return new Configuration(new Map([...values].filter(([path]) => !paths.includes(path))), profile)
}

/** The same profile with another slot. `replace`: a key of ours that nobody needs is there. */
function at(configuration: Configuration, place: string, replace: boolean): Configuration {
  const { scheme, attributes, query, path } = parseDeviceUri(configuration.required('device.uri'))
  const { slot: _slot, id: _id, ...rest } = Object.fromEntries(attributes)
  const uri = path === undefined ? formatDeviceUri(scheme, rest, Object.fromEntries(query)) : undefined
  const origin = 'renewal.places'
  const set = (value: string) => ({ value, origin, layer: 'run' }) as const
  const values = new Map(without(configuration, ['key.replaceKey']).values)
  values.set('device.slot', set(place))
  if (uri !== undefined) values.set('device.uri', set(uri))
  if (replace) values.set('key.replaceKey', set(place))
  return new Configuration(values, configuration.profile)
}

/** As the ledger names it, for messages. */
export const placeOf = ({ record }: KnownRun): string =>
  placeName(record.keyRequested?.deviceName ?? record.deviceName ?? 'the device', record.keyLocation ?? '')
