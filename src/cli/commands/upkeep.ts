/** `runs abandon`, `repair` and `prune`: what becomes of runs that do not go on by themselves. */
import { EnrollError, EXIT } from '../../errors.ts'
import type { Command } from '../command.ts'
import { configureState, STATE_PROFILE_OPTIONS } from '../configure.ts'
import { EXISTING_RUN_OPTIONS, withExistingRun } from '../enrolling.ts'
import { createServices } from '../services.ts'

const RUN = { run: { type: 'string', describe: 'run id, or the end of it' } } as const

export const abandon: Command = {
  command: 'abandon <run>',
  summary: 'abandon a run: it can no longer be resumed, and its key may be replaced',
  positionals: RUN,
  options: {
    ...EXISTING_RUN_OPTIONS,
    'despite-order': {
      type: 'boolean',
      describe: 'even if the CA has, or may have, its order: what was paid stays paid',
    },
    yes: { type: 'boolean', alias: ['confirm', 'y'], describe: 'do not ask' },
  },
  run: async (args, context) => {
    const { abandonRun, abandonUnreadable, givenUp } = await import('../../enrollment/abandon-run.ts')
    const { confirmChange } = await import('../sectigo-client.ts')
    const { showRun } = await import('../run-view.ts')
    const { userName } = await import('../../files/user-name.ts')
    const despiteOrder = args.flag('despite-order')
    try {
      return await withExistingRun(args, context, async (run) => {
        const lost = givenUp(run.record)
        const what = lost.length === 0 ? 'It created nothing.' : `That gives up ${lost.join('; ')}.`
        if (run.record.state !== 'abandoned') await confirmChange(`Abandon the run ${run.id}? ${what}`, args, context)
        await abandonRun(run, despiteOrder, `operator ${userName()}`)
        for (const line of lost) context.output.progress(`given up: ${line}`)
        showRun(run.summary, context.output)
        return EXIT.done
      })
    } catch (error) {
      if (!(error instanceof EnrollError) || error.code !== 'journal.damaged') throw error
      const id = args.required('run')
      await confirmChange(`Abandon the run ${id}, whose journal cannot be read?`, args, context)
      const services = createServices(await configureState(args, context), context, false)
      const folder = await abandonUnreadable(id, despiteOrder, services)
      showRun({ id, folder, fault: { code: error.code, message: error.message } }, context.output)
      return EXIT.done
    }
  },
}

export const repair: Command = {
  command: 'repair <run>',
  summary: 'keep what can be read of a damaged journal, and take the rest from the ledger',
  positionals: RUN,
  options: STATE_PROFILE_OPTIONS,
  run: async (args, context) => {
    const { repairRun } = await import('../../enrollment/repair-run.ts')
    const { showRun } = await import('../run-view.ts')
    const services = createServices(await configureState(args, context), context, false)
    const { run, kept } = await repairRun(args.required('run'), services)
    context.output.progress(kept === undefined ? 'The journal is intact.' : `The damaged journal is kept: ${kept}`)
    showRun(run, context.output)
    return EXIT.done
  },
}

export const prune: Command = {
  command: 'prune',
  summary: 'remove the runs that created nothing: no key, no order',
  options: { ...STATE_PROFILE_OPTIONS, 'dry-run': { type: 'boolean', describe: 'only list them' } },
  run: async (args, context) => {
    const { pruneRuns } = await import('../../enrollment/prune-runs.ts')
    const services = createServices(await configureState(args, context), context, false)
    const dryRun = args.flag('dry-run')
    const pruned = await pruneRuns(services, dryRun)
    context.output.result({ runs: pruned, dryRun }, () =>
      pruned.length === 0
        ? 'there is no run that created nothing'
        : pruned.map((id) => `${id}${dryRun ? '' : ' removed'}`).join('\n'),
    )
    return EXIT.done
  },
}
