/** Makes one key pair, or finds the one that was made when the answer was lost. */
import { DeviceError, type KeySpec } from '../device.ts'
import { ENROLMENT_KEYS } from './algorithm.ts'
import { capabilities, hasCapability } from './capability.ts'
import { generateAsymmetricKey } from './commands/generate-asymmetric-key.ts'
import { getObjectInfo } from './commands/get-object-info.ts'
import { listObjects } from './commands/list-objects.ts'
import type { NewObject } from './commands/new-object.ts'
import { type KeyContext, ObjectKey } from './object-key.ts'
import { formatObjectId, LABEL_LENGTH } from './object-type.ts'

export interface KeyPlace {
  readonly authKeyId: number
  /** From the settings; undefined takes the authentication key's. */
  readonly domains?: number
  /** 0 lets the device choose. */
  readonly objectId: number
}

/** Ids of the asymmetric keys with this label. */
export async function keysWithLabel(context: KeyContext, label: string): Promise<readonly number[]> {
  const found = await context.session.run(listObjects, { type: 'asymmetric-key', label })
  return found.map(({ id }) => id)
}

/** Throws DeviceError; `key.exists` where label or id are taken. Never leaves two keys, whatever is lost on the way. */
export async function generateKey(context: KeyContext, place: KeyPlace, spec: KeySpec): Promise<ObjectKey> {
  if (Buffer.byteLength(spec.label) > LABEL_LENGTH || spec.label === '') {
    throw new DeviceError('device.settings', `A key label has 1 to ${LABEL_LENGTH} bytes.`, {
      remedy: 'Shorten the label.',
    })
  }
  const object = await planObject(context, place, spec)
  await refuseTaken(context, object, spec)
  const id = await context.session.run(generateAsymmetricKey, object).catch((error) => afterLoss(context, spec, error))
  const key = await ObjectKey.read(context, id)
  if (key.attributes.extractable !== false || key.attributes.local !== true) {
    throw new DeviceError('key.exportable', `Key ${key.location} is exportable or was not generated on the device.`, {
      remedy: 'Delete it; it must not be enrolled.',
    })
  }
  return key
}

async function planObject({ session }: KeyContext, place: KeyPlace, spec: KeySpec): Promise<NewObject> {
  const authKey = await session.run(getObjectInfo, { id: place.authKeyId, type: 'authentication-key' })
  const domains = place.domains ?? authKey.domains
  if ((domains & ~authKey.domains) !== 0) {
    throw new DeviceError(
      'device.settings',
      `Authentication key ${formatObjectId(authKey.id)} is not in all of the domains in the settings.`,
      {
        remedy: 'Remove the others from domains, or use another authentication key.',
      },
    )
  }
  const { algorithm, sign } = ENROLMENT_KEYS[spec.algorithm]
  if (!hasCapability(authKey.capabilities, 'generate-asymmetric-key')) {
    throw new DeviceError(
      'device.refused',
      `Authentication key ${formatObjectId(authKey.id)} may not generate keys: it lacks the capability generate-asymmetric-key.`,
      { remedy: 'Use an authentication key that has it.' },
    )
  }
  if (!hasCapability(authKey.delegatedCapabilities, sign)) {
    throw new DeviceError(
      'device.refused',
      `Authentication key ${formatObjectId(authKey.id)} may not generate keys that can sign: it lacks the delegated capability ${sign}.`,
      {
        remedy: `Use an authentication key with ${sign} among its delegated capabilities.`,
      },
    )
  }
  // Only what signing needs: exportable-under-wrap is never among it.
  return { id: place.objectId, label: spec.label, domains, capabilities: capabilities(sign), algorithm }
}

/** A key is never deleted to make room: an object id holds one, and the new key has to be there before the old one goes. */
async function refuseTaken(context: KeyContext, object: NewObject, spec: KeySpec): Promise<void> {
  const [other] = await keysWithLabel(context, spec.label)
  if (other !== undefined) throw exists(other, `its label is "${spec.label}"`)
  if (object.id === 0) return
  const taken = await context.session.run(listObjects, { id: object.id, type: 'asymmetric-key' })
  if (taken.length > 0) throw exists(object.id, 'it has the configured objectId')
}

const exists = (id: number, why: string): DeviceError =>
  new DeviceError('key.exists', `Key ${formatObjectId(id)} already exists: ${why}. It is not overwritten.`, {
    remedy: 'Resume the run that generated it, choose another objectId, or omit objectId.',
  })

/**
 * The connection was lost after the command may have arrived. The label is unique to the run, so one look tells whether the
 * key was made; generating again would be a second key.
 */
async function afterLoss(context: KeyContext, spec: KeySpec, error: unknown): Promise<number> {
  if (!(error instanceof DeviceError) || !UNCERTAIN.includes(error.code)) throw error
  const found = await keysWithLabel(context, spec.label).catch(() => [])
  const [id] = found
  if (id === undefined || found.length > 1) throw error
  return id
}

const UNCERTAIN: readonly string[] = ['device.unreachable', 'device.gone']
