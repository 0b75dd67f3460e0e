/** `keys list` without a profile, and `certificate list`: the ledger's keys, and what their evidence is worth today. */
import type { InventoryFilter } from '../enrollment/inventory/read-inventory.ts'
import { EnrollError, EXIT, type ExitCode } from '../errors.ts'
import { readPeriod } from '../period.ts'
import type { Arguments, CommandContext } from './command.ts'
import { configure } from './configure.ts'
import { createServices } from './services.ts'

export const INVENTORY_OPTIONS = {
  expiring: { type: 'string', describe: 'only certificates that end within this period, or have ended: 60d' },
  orphaned: { type: 'boolean', describe: 'only keys on a device that no run needs' },
  csv: { type: 'boolean', describe: 'print comma-separated values with a header' },
} as const

export async function listInventory(
  args: Arguments,
  context: CommandContext,
  filter: Pick<InventoryFilter, 'certified' | 'device'>,
): Promise<ExitCode> {
  const { readInventory } = await import('../enrollment/inventory/read-inventory.ts')
  const { knownToday } = await import('../enrollment/inventory/known-today.ts')
  const { entryToJson, inventoryToCsv, inventoryToText } = await import('./inventory-view.ts')
  const csv = args.flag('csv')
  if (csv && context.output.json) {
    throw new EnrollError('usage', 'Use either --csv or --json.', { remedy: 'Omit one of them.' })
  }
  const expiring = args.text('expiring')
  const configuration = await configure(args, context, { flags: { 'device.uri': undefined } })
  const services = createServices(configuration, context, false)
  const entries = await readInventory(services, {
    ...filter,
    orphaned: args.flag('orphaned'),
    ...(expiring === undefined ? {} : { expiring: readPeriod(expiring, '--expiring') }),
  })
  const rows: ReturnType<typeof entryToJson>[] = []
  for (const entry of entries)
    rows.push(entryToJson(entry, await knownToday(entry, services.stateDirectory, services.now())))
  context.output.result({ keys: rows }, () => (csv ? inventoryToCsv(rows) : inventoryToText(rows)))
  return EXIT.done
}
