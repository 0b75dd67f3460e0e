import type { Command, CommandGroup } from './command.ts'
import { agent } from './commands/agent.ts'
import { batch } from './commands/batch.ts'
import { broker } from './commands/broker.ts'
import { bundle } from './commands/bundle.ts'
import { ceremony } from './commands/ceremony.ts'
import { certificate } from './commands/certificate.ts'
import { check } from './commands/check.ts'
import { checkMany } from './commands/check-many.ts'
import { config } from './commands/config.ts'
import { demo } from './commands/demo.ts'
import { devices } from './commands/devices.ts'
import { doctor } from './commands/doctor.ts'
import { enroll } from './commands/enroll.ts'
import { fleet } from './commands/fleet.ts'
import { init } from './commands/init.ts'
import { inspect } from './commands/inspect.ts'
import { inventory } from './commands/inventory.ts'
import { keys } from './commands/keys.ts'
import { knowledge } from './commands/knowledge.ts'
import { ledger } from './commands/ledger.ts'
import { listen } from './commands/listen.ts'
import { metrics } from './commands/metrics.ts'
import { balance, order, placeOrder } from './commands/order.ts'
import { orders } from './commands/orders.ts'
import { plan } from './commands/plan.ts'
import { renew } from './commands/renew.ts'
import { runs } from './commands/runs.ts'
import { sandbox } from './commands/sandbox.ts'
import { signCheck } from './commands/sign-check.ts'
import { signingConfig } from './commands/signing-config.ts'
import { attest, csr, keygen } from './commands/steps.ts'
import { trust } from './commands/trust.ts'

/** Every command, in the order of `--help`. */
export const COMMANDS: readonly (Command | CommandGroup)[] = [
  check,
  checkMany,
  inspect,
  devices,
  doctor,
  init,
  plan,
  enroll,
  keygen,
  csr,
  attest,
  renew,
  runs,
  bundle,
  ceremony,
  keys,
  inventory,
  metrics,
  ledger,
  certificate,
  signCheck,
  signingConfig,
  order,
  placeOrder,
  balance,
  listen,
  agent,
  broker,
  orders,
  fleet,
  batch,
  sandbox,
  demo,
  trust,
  knowledge,
  config,
]
