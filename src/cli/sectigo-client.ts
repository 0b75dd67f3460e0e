import type { Configuration } from '../config/configuration.ts'
import { connectToCa } from '../enrollment/ca-client.ts'
import { EnrollError, EXIT, type ExitCode } from '../errors.ts'
import { printable } from '../printable.ts'
import type { ChangeOutcome } from '../sectigo/change-outcome.ts'
import type { SectigoClient } from '../sectigo/http/client.ts'
import type { Arguments, CommandContext } from './command.ts'
import { secretReading } from './services.ts'

/** The bare client, for the commands that speak to one endpoint. */
export function openClient(configuration: Configuration, args: Arguments, context: CommandContext): SectigoClient {
  const tell = (line: string): void => {
    if (args.flag('trace')) context.output.error(`trace: ${line}`)
  }
  return connectToCa(configuration, secretReading(context), tell)
}

const CODES = {
  order: { unconfirmed: 'order.unconfirmed', declined: 'order.declined' },
  change: { unconfirmed: 'change.unconfirmed', declined: 'change.declined' },
} as const

/**
 * Asks before something that cannot be taken back. `about`: an order that costs money, or another change. Throws EnrollError
 * `order.unconfirmed`, `change.unconfirmed` where nobody can be asked, and `….declined` where the answer is no.
 */
export async function confirmChange(
  question: string,
  args: Arguments,
  context: CommandContext,
  about: keyof typeof CODES = 'change',
): Promise<void> {
  if (args.flag('yes')) return
  if (!context.interactive) {
    throw new EnrollError(
      CODES[about].unconfirmed,
      'This action needs your confirmation, and there is no terminal to ask on.',
      { remedy: 'Add --yes.' },
    )
  }
  const { promptYes } = await import('./prompt.ts')
  if (await promptYes(question, context.signal)) return
  throw new EnrollError(CODES[about].declined, 'Stopped: the answer was no. Nothing was sent.', {
    remedy: 'If you did not mean to decline, run the command again.',
  })
}

/** Prints how a change ended; the exit code follows. */
export function showChange(outcome: ChangeOutcome, what: string, context: CommandContext): ExitCode {
  switch (outcome.kind) {
    case 'done':
      context.output.result(
        outcome,
        () => `${what}: done${outcome.message === undefined ? '' : ` (${printable(outcome.message)})`}`,
      )
      return EXIT.done
    case 'rejected':
      context.output.result(
        outcome,
        () =>
          `${what}: refused, ${outcome.refusal.code} ${printable(outcome.refusal.message)}\nTry: ${outcome.refusal.remedy}`,
      )
      return EXIT.ca
    case 'not-sent':
      context.output.result(outcome, () => `${what}: not sent, ${outcome.reason}\nTry: ${outcome.remedy}`)
      return EXIT.ca
    case 'unknown':
      context.output.result(
        outcome,
        () =>
          `${what}: outcome unknown, ${outcome.reason}\nTry: check the order with \`hsm-enroll order status\` before you do anything again.`,
      )
      return EXIT.unknown
  }
}
