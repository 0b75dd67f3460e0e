import type { FleetHost, FleetKey, FleetStatus } from '../../broker/fleet-status.ts'
import { isBrokered } from '../../config/order-route.ts'
import { EnrollError, EXIT } from '../../errors.ts'
import type { Command, CommandGroup } from '../command.ts'
import { configureState, STATE_PROFILE_OPTIONS } from '../configure.ts'
import { createServices } from '../services.ts'

const status: Command = {
  command: 'status',
  summary:
    'hosts, what they asked for, unknown outcomes, ends of certificates and advisories, from the ledger of the broker',
  options: STATE_PROFILE_OPTIONS,
  examples: [['$0 fleet status --profile account', 'with the profile that the broker was started with']],
  run: async (args, context) => {
    const { readFleetStatus } = await import('../../broker/fleet-status.ts')
    const { knowledgeInForce } = await import('../../config/knowledge-in-force.ts')
    const { openLedger } = await import('../../enrollment/open-ledger.ts')
    const configuration = await configureState(args, context)
    if (isBrokered(configuration))
      throw new EnrollError(
        'broker.settings',
        'Could not read the state of the fleet: this host orders through a broker.',
        {
          remedy: 'Run the command on the machine of the broker, with its profile.',
        },
      )
    const services = createServices(configuration, context, false)
    const found = await readFleetStatus(
      await openLedger(services),
      await knowledgeInForce(configuration),
      services.now(),
    )
    const { formatTable } = await import('../table.ts')
    context.output.result(found, () => toText(found, formatTable))
    return EXIT.done
  },
}

type Format = (header: readonly string[], rows: readonly (readonly string[])[]) => string

function toText({ hosts, keys }: FleetStatus, format: Format): string {
  if (hosts.length === 0) return 'No host has asked for an order yet.'
  return [
    format(['HOST', 'LAST SEEN', 'VERSION', 'KEYS', 'OPEN', 'UNKNOWN'], hosts.map(hostRow)),
    format(['KEY', 'HOST', 'DEVICE', 'STATE', 'ORDER', 'ENDS', 'ADVISORIES', 'SUBJECT'], keys.map(keyRow)),
  ].join('\n\n')
}

const hostRow = ({ name, lastSeen, version, keys, open, unknown }: FleetHost): readonly string[] => [
  name,
  lastSeen === undefined ? '-' : `${lastSeen.slice(0, 16)}Z`,
  version ?? '-',
  ...[keys, open, unknown].map(String),
]

const keyRow = ({
  spkiSha256,
  host,
  device,
  test,
  state,
  orderNumber,
  notAfter,
  advisories,
  subjectName,
}: FleetKey) => [
  spkiSha256.slice(0, 16),
  host,
  `${device.hsmType} ${device.serial ?? device.model}`,
  test ? `${state} (test)` : state,
  orderNumber ?? '-',
  notAfter?.slice(0, 10) ?? '-',
  advisories.map(({ id }) => id).join(' ') || '-',
  subjectName,
]

export const fleet: CommandGroup = { name: 'fleet', summary: 'what the broker knows of all hosts', commands: [status] }
