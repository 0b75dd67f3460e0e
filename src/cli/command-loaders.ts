import type { Command, CommandGroup } from './command.ts'

/** The first word of a command line, and what it stands for: a command is loaded alone. Kept equal to `COMMANDS` by a test. */
// biome-ignore format: a table
export const LOADERS: Readonly<Record<string, () => Promise<Command | CommandGroup>>> = {
  check: async () => (await import('./commands/check.ts')).check,
  'check-many': async () => (await import('./commands/check-many.ts')).checkMany,
  inspect: async () => (await import('./commands/inspect.ts')).inspect,
  devices: async () => (await import('./commands/devices.ts')).devices,
  doctor: async () => (await import('./commands/doctor.ts')).doctor,
  init: async () => (await import('./commands/init.ts')).init,
  plan: async () => (await import('./commands/plan.ts')).plan,
  enroll: async () => (await import('./commands/enroll.ts')).enroll,
  keygen: async () => (await import('./commands/steps.ts')).keygen,
  csr: async () => (await import('./commands/steps.ts')).csr,
  attest: async () => (await import('./commands/steps.ts')).attest,
  renew: async () => (await import('./commands/renew.ts')).renew,
  runs: async () => (await import('./commands/runs.ts')).runs,
  bundle: async () => (await import('./commands/bundle.ts')).bundle,
  ceremony: async () => (await import('./commands/ceremony.ts')).ceremony,
  keys: async () => (await import('./commands/keys.ts')).keys,
  inventory: async () => (await import('./commands/inventory.ts')).inventory,
  metrics: async () => (await import('./commands/metrics.ts')).metrics,
  ledger: async () => (await import('./commands/ledger.ts')).ledger,
  certificate: async () => (await import('./commands/certificate.ts')).certificate,
  'sign-check': async () => (await import('./commands/sign-check.ts')).signCheck,
  'signing-config': async () => (await import('./commands/signing-config.ts')).signingConfig,
  order: async () => (await import('./commands/order.ts')).order,
  'place-order': async () => (await import('./commands/order.ts')).placeOrder,
  balance: async () => (await import('./commands/order.ts')).balance,
  listen: async () => (await import('./commands/listen.ts')).listen,
  agent: async () => (await import('./commands/agent.ts')).agent,
  broker: async () => (await import('./commands/broker.ts')).broker,
  orders: async () => (await import('./commands/orders.ts')).orders,
  fleet: async () => (await import('./commands/fleet.ts')).fleet,
  batch: async () => (await import('./commands/batch.ts')).batch,
  sandbox: async () => (await import('./commands/sandbox.ts')).sandbox,
  demo: async () => (await import('./commands/demo.ts')).demo,
  trust: async () => (await import('./commands/trust.ts')).trust,
  knowledge: async () => (await import('./commands/knowledge.ts')).knowledge,
  config: async () => (await import('./commands/config.ts')).config,
}

/**
 * What the parser has to know of this command line: the entry that it begins with, or all, where options come first, the word is an
 * alias or unknown, or a shell completes words.
 */
export async function entriesFor([first = '', ...others]: readonly string[]): Promise<
  readonly (Command | CommandGroup)[]
> {
  const load = Object.hasOwn(LOADERS, first) ? LOADERS[first] : undefined
  if (load !== undefined && !others.some((word) => word.startsWith('--get-yargs-completions'))) return [await load()]
  const { COMMANDS } = await import('./commands.ts')
  return COMMANDS
}
