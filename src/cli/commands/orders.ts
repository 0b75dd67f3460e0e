import type { ListedRequest } from '../../broker-client/read-messages.ts'
import { EnrollError, EXIT, type ExitCode } from '../../errors.ts'
import { printable } from '../../printable.ts'
import type { Arguments, Command, CommandContext, CommandGroup } from '../command.ts'
import { configure } from '../configure.ts'
import { confirmChange } from '../sectigo-client.ts'
import { secretReading } from '../services.ts'

const OPTIONS = { profile: { type: 'string', describe: 'profile with the broker section of a person' } } as const

const KEY = {
  key: { type: 'string', describe: 'SHA-256 of the public key as `orders pending` prints it, or its first 8 digits' },
} as const

const pending: Command = {
  command: 'pending',
  summary: 'list what waits at the broker for a second person',
  options: OPTIONS,
  run: async (args, context) => {
    const { pendingRequests } = await import('../../broker-client/person-calls.ts')
    const requests = await pendingRequests(await addressOf(args, context), context.signal)
    context.output.result({ requests }, () =>
      requests.length === 0 ? 'Nothing waits for a second person.' : requests.map(toText).join('\n'),
    )
    return EXIT.done
  },
}

const decision = (word: 'approve' | 'reject', summary: string, question: string): Command => ({
  command: `${word} <key>`,
  summary,
  positionals: KEY,
  options: {
    ...OPTIONS,
    reason: { type: 'string', describe: 'what the host is told' },
    yes: { type: 'boolean', alias: ['confirm', 'y'], describe: 'do not ask' },
  },
  run: (args, context) => decide(word, question, args, context),
})

async function decide(
  word: 'approve' | 'reject',
  question: string,
  args: Arguments,
  context: CommandContext,
): Promise<ExitCode> {
  const { decideRequest, pendingRequests } = await import('../../broker-client/person-calls.ts')
  const address = await addressOf(args, context)
  const wanted = args.required('key').toLowerCase()
  // An empty variable in a script must not decide on the one request that happens to wait.
  if (!/^[0-9a-f]{8,64}$/.test(wanted)) {
    throw new EnrollError('usage', `Could not decide on "${wanted.slice(0, 64)}": it is not a key as it is listed.`, {
      remedy: 'Pass at least the first 8 digits that `hsm-enroll orders pending` prints.',
    })
  }
  const [request, ...others] = (await pendingRequests(address, context.signal)).filter(({ claim }) =>
    claim.startsWith(wanted),
  )
  if (request === undefined || others.length > 0) {
    const why = request === undefined ? 'nothing that waits begins with it' : 'more than one begins with it'
    throw new EnrollError('broker.no-request', `Could not decide on ${wanted.slice(0, 64)}: ${why}.`, {
      remedy: 'List what is open with `hsm-enroll orders pending`.',
    })
  }
  await confirmChange(`${question} ${toText(request)}?`, args, context)
  const reason = args.text('reason')
  const wish = { decision: word, ...(reason === undefined ? {} : { reason }) }
  const order = await decideRequest(address, request, wish, context.signal)
  context.output.result(order, () =>
    word === 'approve'
      ? `Approved. ${request.host} orders when it asks again.`
      : `Declined. ${request.host} is told when it asks again.`,
  )
  return EXIT.done
}

const toText = ({
  claim,
  host,
  requestedBy,
  subjectName,
  product,
  days,
  expectedAmount,
  rules = [],
  device,
  time,
}: ListedRequest): string =>
  printable(
    [
      claim.slice(0, 16),
      `${host} (${requestedBy})`,
      `product ${product ?? '?'} for ${days ?? '?'} days`,
      subjectName,
      expectedAmount === undefined ? 'price unknown' : `about ${expectedAmount}`,
      `${device.hsmType} ${device.serial ?? device.model}`,
      `since ${time}`,
      `rules: ${rules.join(', ')}`,
    ].join('  '),
  )

async function addressOf(args: Arguments, context: CommandContext) {
  const { readBrokerAddress } = await import('../../broker-client/open-broker.ts')
  const configuration = await configure(args, context, { profile: args.text('profile') })
  return readBrokerAddress(configuration, secretReading(context))
}

export const orders: CommandGroup = {
  name: 'orders',
  summary: 'what hosts ask a broker for, and a second person decides on',
  commands: [
    pending,
    decision('approve', 'let the broker order it', 'Approve'),
    decision('reject', 'have the broker decline it; nothing is sent to the CA', 'Decline'),
  ],
}
