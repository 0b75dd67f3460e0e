import type { Configuration } from '../../config/configuration.ts'
import { isAcme, isBrokered } from '../../config/order-route.ts'
import type { AskedCa } from '../../enrollment/plan/ask-ca.ts'
import { type Finding, isBlocker } from '../../enrollment/plan/finding.ts'
import type { RunRecord } from '../../enrollment/run-record.ts'
import { EXIT } from '../../errors.ts'
import { printable } from '../../printable.ts'
import { balanceToText } from '../balance-view.ts'
import type { Command, CommandContext } from '../command.ts'
import { configure, PROFILE_OPTIONS } from '../configure.ts'
import { stateDirectoryOf } from '../enrolling.ts'
import { formatFinding } from '../format-finding.ts'
import { createServices, secretReading } from '../services.ts'

export const plan: Command = {
  command: 'plan <profile>',
  summary: 'show what `enroll` would do, without a PIN, without writing or sending anything',
  positionals: { profile: { type: 'string', describe: 'profile file or name' } },
  options: {
    ...PROFILE_OPTIONS,
    test: { type: 'boolean', describe: 'as for `enroll --test`' },
    balance: { type: 'boolean', describe: 'also ask the CA for the account balance (this logs in there)' },
  },
  run: async (args, context) => {
    const { planFindings, unaskedFindings } = await import('../../enrollment/plan/plan-findings.ts')
    const { openRunsOf, whatNext } = await import('../../enrollment/open-runs.ts')
    const { profileMarks, settingsOf } = await import('../../enrollment/profile-marks.ts')
    const { orderForm } = await import('../../config/profile.ts')
    const profile = args.required('profile')
    const configuration = await configure(args, context, { profile })
    const stateDirectory = stateDirectoryOf(configuration)
    const test = args.flag('test')
    const marks = profileMarks(configuration.profile ?? profile, settingsOf(configuration))
    const services = createServices(configuration, context, false)
    const { judgeLedger } = await import('../../enrollment/plan/judge-ledger.ts')
    const ledger = await judgeLedger(services)
    // A ledger that cannot be used is a finding; what it would say of open runs is not known then.
    const open = ledger.some(isBlocker) ? [] : await openRunsOf(services, marks, test)
    const { openState } = await import('../../enrollment/plan/judge-state.ts')
    const asked = args.flag('balance') ? await askCa(configuration, context) : undefined
    const stateOpen = await openState(stateDirectory)
    // A secret that is typed at a terminal is no fault of the profile, wherever it is looked at; nothing is asked here.
    const askable = { prompt: async (): Promise<string> => '', ...secretReading(context) }
    const findings = [
      ...(await planFindings(configuration, askable)),
      ...(context.interactive ? [] : unaskedFindings(configuration)),
      ...(asked?.judged.map(({ finding }) => finding) ?? []),
      ...(stateOpen === undefined ? [] : [stateOpen]),
      ...ledger,
      ...open.map(({ id, record }) => openRunFinding(id, record, whatNext(id, record))),
    ]
    const { product, days } = orderForm(configuration)
    const balance = asked?.balance
    const blocked = findings.some(isBlocker)
    const acme = isAcme(configuration)
    const broker = isBrokered(configuration)
    const order = {
      endpoint: withoutLogin(
        configuration.text(acme ? 'acme.directory' : broker ? 'broker.url' : 'sectigo.endpoint') ?? '',
      ),
      product,
      days,
      test,
      balance,
    }
    context.output.result({ ready: !blocked, findings, order, openRuns: open.map(({ id }) => id) }, () =>
      [
        ...findings.map((finding) => formatFinding(finding, context.output)),
        acme
          ? `order    ${printable(`by ACME device-attest-01, at ${order.endpoint}`)}`
          : `order    ${printable(`product ${product ?? '(none)'}, ${days ?? '?'} days, ${broker ? 'through the broker' : 'at'} ${order.endpoint}`)}`,
        `charged  ${acme ? 'as the CA says; the protocol has no prices' : test ? 'nothing (test order)' : 'as in the account’s price list; the CA states the amount when it accepts the order'}`,
        ...(balance === undefined ? [] : [`balance  ${balanceToText(balance)}`]),
        'steps    key pair · request · attestation · check · order · certificate · install',
      ].join('\n'),
    )
    return blocked ? EXIT.refused : EXIT.done
  },
}

const openRunFinding = (id: string, { state }: RunRecord, remedy: string): Finding => ({
  area: 'profile',
  severity: 'warning',
  code: 'run.open',
  message: `the run ${id} of this profile is not finished (${state})`,
  remedy,
})

async function askCa(configuration: Configuration, context: CommandContext): Promise<AskedCa> {
  const { judgeCa } = await import('../../enrollment/plan/ask-ca.ts')
  return judgeCa(configuration, createServices(configuration, context, false))
}

/** An address that carries a login is refused elsewhere; here it must not be shown. */
const withoutLogin = (address: string): string => address.replace(/\/\/[^/@]*@/, '//…@')
