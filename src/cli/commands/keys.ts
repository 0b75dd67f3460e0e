import type { DeviceKeyEntry } from '../../enrollment/device-keys.ts'
import type { EnrollmentServices } from '../../enrollment/services.ts'
import { EnrollError, EXIT } from '../../errors.ts'
import type { Arguments, Command, CommandContext, CommandGroup } from '../command.ts'
import { configure, PROFILE_OPTIONS } from '../configure.ts'
import { PIN_OPTION, TRACE_OPTION } from '../enrolling.ts'
import { INVENTORY_OPTIONS } from '../inventory-list.ts'
import { servicesFor } from '../services.ts'

const PROFILE = { profile: { type: 'string', describe: 'profile with the device section' } } as const
const OPTIONS = { ...PROFILE_OPTIONS, ...PIN_OPTION, ...TRACE_OPTION } as const

const list: Command = {
  command: 'list [profile]',
  summary: 'the keys of all runs; with a profile, the keys on its device and which runs they belong to',
  positionals: PROFILE,
  options: {
    ...OPTIONS,
    ...INVENTORY_OPTIONS,
    device: { type: 'string', describe: 'without a profile: only keys on devices whose name contains this text' },
  },
  examples: [
    ['$0 keys list --expiring 60d', 'keys whose certificates end within 60 days'],
    ['$0 keys list signing.yaml', 'what is on the device'],
  ],
  run: (args, context) => (args.text('profile') === undefined ? listKnown(args, context) : listOnDevice(args, context)),
}

const listKnown: Command['run'] = async (args, context) => {
  const { listInventory } = await import('../inventory-list.ts')
  return listInventory(args, context, { device: args.text('device') })
}

async function listOnDevice(args: Arguments, context: CommandContext): ReturnType<Command['run']> {
  const filter = ['expiring', 'orphaned', 'csv'].find((name) => args.text(name) !== undefined || args.flag(name))
  if (filter !== undefined) {
    throw new EnrollError('usage', `Could not list the keys of a device with --${filter}.`, {
      remedy: 'Omit the profile to list the keys of all runs.',
    })
  }
  return withDevice(args, context, async (device, setting) => {
    const { listDeviceKeys } = await import('../../enrollment/device-keys.ts')
    const { formatTable } = await import('../table.ts')
    const keys = await listDeviceKeys(device, setting)
    context.output.result({ keys: keys.map(keyToJson) }, () =>
      keys.length === 0
        ? 'no keys'
        : formatTable(
            ['KEY', 'RUN', 'STATE', 'SPKI SHA-256', 'USE'],
            keys.map((key) => [
              key.location,
              key.holder?.run ?? 'none',
              key.holder?.record?.state ?? '',
              key.spkiSha256?.slice(0, 16) ?? 'unreadable',
              useOf(key),
            ]),
          ),
    )
    return EXIT.done
  })
}

const remove: Command = {
  command: 'delete <key> [profile]',
  summary: 'delete a key and its certificate from a device, after a question',
  positionals: { key: { type: 'string', describe: 'the key, as `keys list` prints it' }, ...PROFILE },
  options: { ...OPTIONS, yes: { type: 'boolean', alias: ['confirm', 'y'], describe: 'do not ask' } },
  run: (args, context) => {
    const named = args.required('key')
    return withDevice(args, context, async (device, setting, services) => {
      const { userName } = await import('../../files/user-name.ts')
      const { deleteDeviceKey, deviceKeyAt } = await import('../../enrollment/device-keys.ts')
      const { confirmChange } = await import('../sectigo-client.ts')
      const key = await deviceKeyAt(device, named, setting)
      if (key.holder?.stake === undefined)
        await confirmChange(`Delete the key ${key.location} (${useOf(key)})? It cannot be brought back.`, args, context)
      await deleteDeviceKey(device, key, services, `operator ${userName()}`)
      context.output.result({ deleted: keyToJson(key) }, () => `deleted ${key.location}`)
      return EXIT.done
    })
  },
}

type Device = Awaited<ReturnType<EnrollmentServices['openDevice']>>
type Setting = Parameters<typeof import('../../enrollment/device-keys.ts')['listDeviceKeys']>[1]

async function withDevice(
  args: Arguments,
  context: CommandContext,
  action: (device: Device, setting: Setting, services: EnrollmentServices) => ReturnType<Command['run']>,
): ReturnType<Command['run']> {
  const { openLedger } = await import('../../enrollment/open-ledger.ts')
  const configuration = await configure(args, context, { profile: args.text('profile') })
  const services = servicesFor(configuration, args, context)
  const ledger = await openLedger(services)
  const device = await services.openDevice(configuration)
  try {
    return await action(device, { ledger, stateDirectory: services.stateDirectory, now: services.now }, services)
  } finally {
    await device.close()
  }
}

/** What a key is for, as far as the ledger knows. */
function useOf({ holder, unread }: DeviceKeyEntry): string {
  if (holder === undefined) return unread === undefined ? 'of no run in the ledger' : unread
  if (holder.stake !== undefined) return holder.stake
  const { record } = holder
  if (record === undefined) return 'its run cannot be read'
  if (record.state === 'abandoned') return 'its run was abandoned'
  return record.test ? 'a rehearsal' : 'its run is over'
}

const keyToJson = (key: DeviceKeyEntry): object => {
  const { location, label, spkiSha256, unread, holder } = key
  return {
    location,
    label,
    spkiSha256,
    unread,
    run: holder?.run,
    state: holder?.record?.state,
    inUse: holder?.stake !== undefined,
    use: useOf(key),
  }
}

export const keys: CommandGroup = {
  name: 'keys',
  summary: 'the keys of all runs, and those on a device',
  commands: [list, remove],
}
