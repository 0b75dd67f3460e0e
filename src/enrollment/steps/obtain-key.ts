import { type Device, DeviceError, type DeviceKey, hasFixedPlace, type KeySpec } from '../../../devices/device.ts'
import { writePem } from '../../asn1/pem.ts'
import { keyProfile } from '../../config/profile.ts'
import { deviceName } from '../../ledger/fact.ts'
import { sha256Hex } from '../../sha256-hex.ts'
import { abandonForReplacement } from '../abandon-run.ts'
import { deleteUnclaimed } from '../order-claims.ts'
import { allowReplacement, type ReplacementWish, refuseHeldSince } from '../replacing/allow-replacement.ts'
import { findReplaced } from '../replacing/find-replaced.ts'
import { isOwnOccupant, occupantMark } from '../replacing/occupant.ts'
import type { ReplacedKey } from '../replacing/replaced-key.ts'
import type { Run } from '../run.ts'
import { hasReached, type RunEvent, type RunState } from '../run-event.ts'
import { findRunKey, keyRefOf } from './find-run-key.ts'
import { refuseObstacles } from './refuse-obstacles.ts'

/** Generates the key, or finds the one that an earlier attempt of this run made. Never makes a second one. */
export async function obtainKey(run: Run, device: Device, until: RunState, wish: ReplacementWish): Promise<DeviceKey> {
  const { record, services } = run
  if (record.state !== 'planned') return findRunKey(record, device)
  const earlier = await findEarlierKey(run, device)
  const key = earlier ?? (await generate(run, device, until, wish))
  const publicKey = await run.folder.writeArtefact('public-key.pem', Buffer.from(writePem('PUBLIC KEY', key.publicKey)))
  await run.log({
    type: 'key-generated',
    location: key.location,
    spkiSha256: sha256Hex(key.publicKey),
    publicKey,
    found: earlier !== undefined,
  })
  services.observer.step({
    step: 'key',
    status: 'done',
    detail: `${earlier === undefined ? 'key generated' : 'the key of this run was already on the device'}: ${key.location}`,
  })
  return key
}

/** The key of this run, where an earlier attempt died between generating and recording. One that asked for none made none. */
async function findEarlierKey(run: Run, device: Device): Promise<DeviceKey | undefined> {
  if (run.record.keyRequested === undefined) return undefined
  if (!hasFixedPlace(device)) return device.findKey(keyRefOf(run.record))
  const before = run.record.keyRequested.occupant ?? null
  if ((await occupantMark(device)) === before) return undefined
  const occupant = await device.occupant()
  if (occupant !== undefined && (await isOwnOccupant(run, device, occupant))) return occupant
  throw new DeviceError(
    'key.exists',
    `Could not go on: ${device.place} now holds a key that is not known to be of this run, and was not there when it asked for one.`,
    {
      remedy: `Find out whose it is with \`hsm-enroll keys list\`, and enrol in another place; \`hsm-enroll runs abandon ${run.id}\` gives this run up.`,
    },
  )
}

async function generate(run: Run, device: Device, until: RunState, wish: ReplacementWish): Promise<DeviceKey> {
  const { record, configuration } = run
  const spec: KeySpec = {
    ...keyProfile(configuration),
    label: record.keyLabel,
    id: Buffer.from(record.keyId, 'hex'),
    replaceKey: hasFixedPlace(device) ? configuration.text('key.replaceKey') : undefined,
  }
  const { hsmType, serial, uri } = await refuseObstacles(run, device, !hasReached('csr-signed', until))
  const name = deviceName(hsmType, serial ?? uri)
  const replaced = await findReplaced(run, device, name)
  const replaces = replaced === undefined ? undefined : await giveUp(run, replaced, wish, name)
  const request = (): Promise<DeviceKey> => requestKey(run, device, spec, { deviceName: name, replaces })
  if (replaced?.spkiSha256 === undefined || !hasFixedPlace(device)) return request()
  const overwrite = async (): Promise<DeviceKey> => {
    await refuseHeldSince(run, replaced, { run: run.id, test: record.test }, name)
    return request()
  }
  return deleteUnclaimed(run.ledger, replaced.spkiSha256, overwrite, () => device.occupant())
}

/** Journals what is asked for, and asks the device. */
async function requestKey(
  run: Run,
  device: Device,
  spec: KeySpec,
  asked: Pick<Extract<RunEvent, { type: 'key-requested' }>, 'deviceName' | 'replaces'>,
): Promise<DeviceKey> {
  const { record, configuration, services } = run
  const before = hasFixedPlace(device) ? await occupantMark(device) : undefined
  services.observer.step({ step: 'key', status: 'begin', detail: `the device generates a ${spec.algorithm} key pair` })
  await run.log({
    type: 'key-requested',
    device: configuration.required('device.uri'),
    algorithm: spec.algorithm,
    occupant: before,
    place: hasFixedPlace(device) ? device.place : record.keyLabel,
    ...asked,
  })
  try {
    return await device.generateKeyPair(spec)
  } catch (error) {
    if (error instanceof DeviceError && (await madeNothing(run, device, error))) await run.log({ type: 'key-refused' })
    throw error
  }
}

/**
 * A renewal takes a place again because the key of a run that needs it no more was there. What somebody has put there since is not
 * replaced unless a person is asked.
 */
function refuseStranger({ location, spkiSha256, holder }: ReplacedKey): void {
  if (holder !== undefined && spkiSha256 !== undefined) return
  throw new DeviceError(
    'key.exists',
    `Could not renew in ${location}: it holds a key, and no run is known to have generated it.`,
    {
      remedy: `Add another place to renewal.places. If nobody needs the key in ${location}, renew in a terminal without --yes, which asks before it is replaced.`,
    },
  )
}

/** What is lost is said, agreed to, and kept as far as it is a file, before the device is asked. */
async function giveUp(run: Run, replaced: ReplacedKey, wish: ReplacementWish, device: string) {
  const { location, spkiSha256, certificate } = replaced
  if (run.record.renews !== undefined && wish.confirmReplacement === undefined) refuseStranger(replaced)
  const abandoned = await allowReplacement(run, replaced, wish, device)
  if (abandoned !== undefined) await abandonForReplacement(abandoned, run)
  const kept =
    certificate === undefined || certificate === 'unread'
      ? undefined
      : await run.folder.writeArtefact('replaced-certificate.pem', Buffer.from(writePem('CERTIFICATE', certificate)))
  return { location, spkiSha256, certificate: kept }
}

/**
 * Did the device surely make no key? In a fixed place that is looked at once more, so that a key which somebody else puts there later is
 * not taken for this run's. Elsewhere a key is known by the run's own label.
 */
async function madeNothing({ record, services }: Run, device: Device, error: DeviceError): Promise<boolean> {
  if (error.code === 'key.exists') return true
  if (!hasFixedPlace(device) || services.signal?.aborted === true) return false
  try {
    return (await occupantMark(device)) === record.keyRequested?.occupant
  } catch (again) {
    if (again instanceof DeviceError) return false
    throw again
  }
}
