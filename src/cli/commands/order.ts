import { EnrollError, EXIT } from '../../errors.ts'
import { REFUND_REASONS } from '../../sectigo/parameters/auto-refund.ts'
import { balanceToText } from '../balance-view.ts'
import type { Command, CommandContext, CommandGroup } from '../command.ts'
import { CA_OPTIONS, configure, STATE_OPTIONS, TRUST_OPTIONS } from '../configure.ts'
import { TRACE_OPTION } from '../enrolling.ts'
import { createServices } from '../services.ts'

const OPTIONS = {
  profile: { type: 'string', describe: 'profile with the sectigo section' },
  ...CA_OPTIONS,
  ...STATE_OPTIONS,
  ...TRACE_OPTION,
} as const
const YES = { type: 'boolean', alias: ['confirm', 'y'], describe: 'do not ask' } as const
const SEND_ANYWAY = {
  'send-anyway': {
    type: 'boolean',
    describe: 'send evidence that cannot be read, is not genuine, or is of another key',
  },
} as const
const AGAIN = {
  again: {
    type: 'boolean',
    describe:
      'send it although it was sent before and the outcome is not known: you have checked that nothing came of it',
  },
} as const
const ORDER_NUMBER = { 'order-number': { type: 'string', describe: 'the CA’s order number' } } as const

const submit: Command = {
  command: 'submit <form>',
  summary: 'place an order from a form of Sectigo’s parameters (YAML); one POST, journalled as a run',
  positionals: {
    form: { type: 'string', describe: 'YAML file: parameter: value; { file: … } and { base64-of: … } read files' },
  },
  options: {
    ...OPTIONS,
    ...TRUST_OPTIONS,
    yes: YES,
    test: { type: 'boolean', describe: 'send test=Y' },
    'dry-run': { type: 'boolean', describe: 'only check the form' },
    ...SEND_ANYWAY,
  },
  run: async (args, context) => {
    const { submitOrderForm } = await import('../submit-order-form.ts')
    return submitOrderForm(args, context, 'auto-apply')
  },
}

const status: Command = {
  command: 'status <order-number>',
  summary: 'show the status of an order (!GetDetailedOrderStatus)',
  positionals: ORDER_NUMBER,
  options: { ...OPTIONS, replacements: { type: 'boolean', describe: 'with replacement orders' } },
  run: async (args, context) => {
    const { getDetailedOrderStatus } = await import('../../sectigo/get-detailed-order-status.ts')
    const { orderProgress } = await import('../../sectigo/replies/order-progress.ts')
    const { namedOrder, orderStatusToText } = await import('../order-status-view.ts')
    const { openClient } = await import('../sectigo-client.ts')
    const orderNumber = args.required('order-number')
    const client = openClient(await configureFor(args, context), args, context)
    const orders = await getDetailedOrderStatus(
      client,
      { orderNumber, queryType: args.flag('replacements') ? 2 : 1 },
      context.signal,
    )
    const progress = orderProgress(namedOrder(orders, orderNumber))
    context.output.result({ progress, orders }, () => orderStatusToText(orders, orderNumber))
    return progress.state === 'issued' ? EXIT.done : progress.state === 'pending' ? EXIT.pending : EXIT.ca
  },
}

const authorize: Command = {
  command: 'authorize <order-number>',
  summary: 'authorize an order of place-order; debits the account (!AutoAuthorize)',
  positionals: ORDER_NUMBER,
  options: { ...OPTIONS, yes: YES, test: { type: 'boolean', describe: 'do not really authorize' }, ...AGAIN },
  run: async (args, context) => {
    const { autoAuthorize } = await import('../../sectigo/auto-authorize.ts')
    const { AUTO_AUTHORIZE } = await import('../../sectigo/parameters/auto-authorize.ts')
    const { requireValid } = await import('../../sectigo/parameters/require-valid.ts')
    const { confirmChange, openClient, showChange } = await import('../sectigo-client.ts')
    const { chargeOnce } = await import('../../enrollment/charge-once.ts')
    const orderNumber = args.required('order-number')
    const test = args.flag('test')
    // Before the question.
    requireValid(AUTO_AUTHORIZE, { orderNumber })
    if (!test) await confirmChange(`Authorize order ${orderNumber}? This debits the account.`, args, context, 'order')
    const configuration = await configureFor(args, context)
    const client = openClient(configuration, args, context)
    const outcome = test
      ? await autoAuthorize(client, { orderNumber, test })
      : await chargeOnce(configuration.required('stateDirectory'), {
          kind: 'authorize',
          orderNumber,
          again: args.flag('again'),
          send: () => autoAuthorize(client, { orderNumber }),
        })
    return showChange(outcome, `authorize ${orderNumber}`, context)
  },
}

const refund: Command = {
  command: 'refund <order-number>',
  summary: 'request a refund of an order (!AutoRefund; shows first what it covers)',
  positionals: ORDER_NUMBER,
  options: {
    ...OPTIONS,
    yes: YES,
    ...AGAIN,
    'reason-code': {
      type: 'string',
      demandOption: true,
      describe: Object.entries(REFUND_REASONS)
        .map(([code, reason]) => `${code}: ${reason}`)
        .join('; '),
    },
  },
  run: async (args, context) => {
    const { autoRefund, REFUND_COVERS } = await import('../../sectigo/auto-refund.ts')
    const { AUTO_REFUND } = await import('../../sectigo/parameters/auto-refund.ts')
    const { requireValid } = await import('../../sectigo/parameters/require-valid.ts')
    const { confirmChange, openClient, showChange } = await import('../sectigo-client.ts')
    const { chargeOnce } = await import('../../enrollment/charge-once.ts')
    const orderNumber = args.required('order-number')
    const reasonCode = args.required('reason-code')
    context.output.warn(REFUND_COVERS)
    requireValid(AUTO_REFUND, { orderNumber, refundReasonCode: reasonCode })
    await confirmChange(`Request a refund of order ${orderNumber}?`, args, context)
    const configuration = await configureFor(args, context)
    const client = openClient(configuration, args, context)
    const outcome = await chargeOnce(configuration.required('stateDirectory'), {
      kind: 'refund',
      orderNumber,
      options: `--reason-code ${reasonCode}`,
      again: args.flag('again'),
      send: () => autoRefund(client, { orderNumber, reasonCode }),
    })
    return showChange(outcome, `refund ${orderNumber}`, context)
  },
}

const revoke: Command = {
  command: 'revoke',
  summary: 'revoke a certificate, or cancel an order that is not issued (!autoRevokeCertificate)',
  options: {
    ...OPTIONS,
    yes: YES,
    'order-number': { type: 'string', describe: 'by order number' },
    'certificate-id': { type: 'string', describe: 'by certificate ID' },
    'serial-number': { type: 'string', describe: 'by serial number (hex)' },
    'reason-code': {
      type: 'string',
      describe: '0 unspecified, 1 keyCompromise, 3 affiliationChanged, 4 superseded, 5 cessation',
    },
    reason: { type: 'string', describe: 'free text' },
  },
  run: async (args, context) => {
    const { autoRevokeCertificate, REVOKE_WARNING } = await import('../../sectigo/auto-revoke-certificate.ts')
    // Before the request: afterwards, an upgrade may have replaced the file.
    const { recordRevocation } = await import('../../enrollment/record-revocation.ts')
    const { confirmChange, openClient, showChange } = await import('../sectigo-client.ts')
    const orderNumber = args.text('order-number')
    const certificateId = args.text('certificate-id')
    const serialNumber = args.text('serial-number')
    const named = [orderNumber, certificateId, serialNumber].filter((name) => name !== undefined)
    const [which] = named
    if (which === undefined || named.length > 1) {
      throw new EnrollError('usage', 'Specify the certificate in one way.', {
        remedy: 'Use --order-number, --certificate-id or --serial-number.',
      })
    }
    context.output.warn(REVOKE_WARNING)
    await confirmChange(`Revoke ${which}?`, args, context)
    const codeReason = args.text('reason-code')
    const reason = args.text('reason')
    const why = { ...(codeReason === undefined ? {} : { codeReason }), ...(reason === undefined ? {} : { reason }) }
    const subject =
      orderNumber !== undefined
        ? { orderNumber }
        : certificateId !== undefined
          ? { certificateId }
          : { serialNumber: serialNumber ?? which }
    const configuration = await configureFor(args, context)
    const client = openClient(configuration, args, context)
    const outcome = await autoRevokeCertificate(client, { ...subject, ...why })
    if (outcome.kind === 'done') {
      const services = createServices(configuration, context, args.flag('trace'))
      await recordIn(context, (by) => recordRevocation(subject, by, services))
    }
    return showChange(outcome, `revoke ${which}`, context)
  },
}

/** What the CA has done is done, whether the run can be told of it now or not. */
async function recordIn(context: CommandContext, record: (by: string) => Promise<string | undefined>): Promise<void> {
  const { userName } = await import('../../files/user-name.ts')
  try {
    const run = await record(`operator ${userName()}`)
    if (run !== undefined) context.output.progress(`the run ${run} is recorded as revoked`)
  } catch (error) {
    if (!(error instanceof EnrollError)) throw error
    context.output.warn(`the revocation could not be recorded in its run: ${error.message}`)
  }
}

const configureFor: (...parameters: Parameters<Command['run']>) => ReturnType<typeof configure> = (args, context) => {
  const profile = args.text('profile')
  return configure(args, context, profile === undefined ? {} : { profile })
}

export const order: CommandGroup = {
  name: 'order',
  summary: 'orders at the CA',
  commands: [submit, status, authorize, refund, revoke],
}

export const placeOrder: Command = {
  command: 'place-order <form>',
  summary: 'order through !PlaceOrder: build, show and send a form, or print its ordering URL',
  positionals: { form: { type: 'string', describe: 'YAML file with the parameters, items as 1_…' } },
  options: {
    ...OPTIONS,
    ...TRUST_OPTIONS,
    yes: YES,
    url: { type: 'boolean', describe: 'print the ordering URL instead of sending' },
    'dry-run': { type: 'boolean', describe: 'only check the form' },
    ...SEND_ANYWAY,
  },
  run: async (args, context) => {
    const { submitOrderForm } = await import('../submit-order-form.ts')
    return submitOrderForm(args, context, 'place')
  },
}

export const balance: Command = {
  command: 'balance',
  summary: 'show the balance of the account (!getAccountBalance)',
  options: OPTIONS,
  run: async (args, context) => {
    const { getAccountBalance } = await import('../../sectigo/get-account-balance.ts')
    const { openClient } = await import('../sectigo-client.ts')
    const held = await getAccountBalance(openClient(await configureFor(args, context), args, context), context.signal)
    context.output.result(held, () => balanceToText(held))
    return EXIT.done
  },
}
