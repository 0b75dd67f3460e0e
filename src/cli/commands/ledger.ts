import type { LedgerCheck } from '../../enrollment/rebuild-ledger.ts'
import { EXIT } from '../../errors.ts'
import type { Command, CommandGroup } from '../command.ts'
import { configureState, STATE_PROFILE_OPTIONS } from '../configure.ts'
import { stateDirectoryOf } from '../enrolling.ts'

const check: Command = {
  command: 'check',
  summary: 'hold the ledger against the journals of all runs',
  options: STATE_PROFILE_OPTIONS,
  run: async (args, context) => {
    const { peekLedger } = await import('../../enrollment/open-ledger.ts')
    const { checkLedger } = await import('../../enrollment/rebuild-ledger.ts')
    const stateDirectory = stateDirectoryOf(await configureState(args, context))
    const result = await checkLedger(peekLedger({ stateDirectory, now: Date.now }), stateDirectory)
    context.output.result(result, () => toText(result, []))
    return result.disagreements.length === 0 ? EXIT.done : EXIT.refused
  },
}

const rebuild: Command = {
  command: 'rebuild',
  summary: 'make the ledger whole again from the journals, and say where they disagree',
  options: STATE_PROFILE_OPTIONS,
  run: async (args, context) => {
    const { mendLedger } = await import('../../enrollment/open-ledger.ts')
    const stateDirectory = stateDirectoryOf(await configureState(args, context))
    const result = await mendLedger({ stateDirectory, now: Date.now })
    context.output.result(result, () =>
      toText(result, [
        ...result.damaged.map((file) => `was damaged, and is kept beside the ledger: ${file}`),
        `facts and claims added from the journals: ${result.added}`,
      ]),
    )
    return result.disagreements.length === 0 ? EXIT.done : EXIT.refused
  },
}

const toText = ({ runs, disagreements }: LedgerCheck, lines: readonly string[]): string =>
  [
    ...lines,
    ...disagreements.map(({ run, kind, detail }) => `run ${run}: ${WORDS[kind]}: ${detail}`),
    `runs looked at: ${runs}; disagreements: ${disagreements.length}`,
  ].join('\n')

const WORDS: Readonly<Record<LedgerCheck['disagreements'][number]['kind'], string>> = {
  missing: 'the ledger lacks what the journal says',
  lost: 'the journal has lost what the ledger says',
  unreadable: 'the journal cannot be read',
  claim: 'the journal says that the run holds this, the ledger does not',
}

export const ledger: CommandGroup = {
  name: 'ledger',
  summary: 'what outlives runs: places, keys, orders, certificates',
  commands: [check, rebuild],
}
