import { isAcme, isBrokered } from '../../config/order-route.ts'
import { EXIT } from '../../errors.ts'
import type { Arguments, Command, CommandContext } from '../command.ts'
import { configure, STATE_OPTIONS } from '../configure.ts'
import { TRACE_OPTION } from '../enrolling.ts'
import { createServices } from '../services.ts'

export const metrics: Command = {
  command: 'metrics [profile]',
  summary:
    'print what to watch in Prometheus’s text format; with a profile, the balance of its account (if it has one), too',
  positionals: { profile: { type: 'string', describe: 'profile with the sectigo section' } },
  options: {
    ...STATE_OPTIONS,
    ...TRACE_OPTION,
    output: {
      type: 'string',
      alias: 'o',
      describe: 'file that is replaced at once, for the textfile collector of node-exporter; - for stdout',
      default: '-',
    },
  },
  examples: [['$0 metrics -o hsm-enroll.prom', 'in the textfile folder of node-exporter, from a timer']],
  run: async (args, context) => {
    const { prometheusText } = await import('../../enrollment/metrics/prometheus-text.ts')
    const collected = await collect(args, context)
    const text = prometheusText(collected)
    const file = args.required('output')
    if (file !== '-') {
      const { replaceFile } = await import('../../files/replace-file.ts')
      await replaceFile(file, text, 0o644)
    }
    if (file === '-' || context.output.json) context.output.result({ metrics: collected }, () => text)
    return EXIT.done
  },
}

/** As a text; the options of `agent` are those of this command, too. */
export async function metricsText(args: Arguments, context: CommandContext): Promise<string> {
  const { prometheusText } = await import('../../enrollment/metrics/prometheus-text.ts')
  return prometheusText(await collect(args, context))
}

async function collect(args: Arguments, context: CommandContext) {
  const { collectMetrics } = await import('../../enrollment/metrics/collect-metrics.ts')
  const { configuredTrustAnchors } = await import('../../check/configured.ts')
  const { knowledgeInForce } = await import('../../config/knowledge-in-force.ts')
  const { readInput } = await import('../../config/read-input.ts')
  const { VERSION } = await import('../../version.ts')
  const profile = args.text('profile')
  const configuration = await configure(args, context, profile === undefined ? {} : { profile })
  const services = createServices(configuration, context, args.flag('trace'))
  // Behind a broker, or at an ACME server, a host sees no account.
  const hasAccount = profile !== undefined && !isBrokered(configuration) && !isAcme(configuration)
  const ca = hasAccount ? await services.certificateAuthority(configuration) : undefined
  return collectMetrics(services, {
    version: VERSION,
    trustAnchors: await configuredTrustAnchors(configuration, readInput),
    knowledge: await knowledgeInForce(configuration),
    ...(ca === undefined ? {} : { balance: await ca.balance({ signal: context.signal }) }),
  })
}
