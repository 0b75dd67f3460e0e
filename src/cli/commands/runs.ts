import type { IndexedRun } from '../../enrollment/run-index.ts'
import { EnrollError, EXIT } from '../../errors.ts'
import type { Command, CommandGroup } from '../command.ts'
import { configureState, STATE_PROFILE_OPTIONS } from '../configure.ts'
import { advanceAndShow, EXISTING_RUN_OPTIONS, stateDirectoryOf, withExistingRun } from '../enrolling.ts'

import { retireKey, switchTo } from './renew.ts'
import { resume } from './resume.ts'
import { abandon, prune, repair } from './upkeep.ts'

const RUN = { run: { type: 'string', describe: 'run id, or the end of it' } } as const

const list: Command = {
  command: 'list',
  summary: 'list all runs, oldest first',
  options: STATE_PROFILE_OPTIONS,
  run: async (args, { output, ...context }) => {
    const { beginningOf, readRun } = await import('../../enrollment/list-runs.ts')
    const { indexedRuns } = await import('../../enrollment/run-index.ts')
    const { runToJson } = await import('../run-view.ts')
    const { formatTable } = await import('../table.ts')
    const stateDirectory = stateDirectoryOf(await configureState(args, { output, ...context }))
    const runs: IndexedRun[] = []
    for await (const run of indexedRuns(stateDirectory, { keep: true })) runs.push(run)
    runs.sort((a, b) => (beginningOf(a.id, a.digest) < beginningOf(b.id, b.digest) ? -1 : 1))
    if (output.json) {
      await output.jsonList(
        'runs',
        (async function* () {
          for (const { id } of runs) yield runToJson(await readRun(stateDirectory, id))
        })(),
      )
      return EXIT.done
    }
    output.result(undefined, () =>
      runs.length === 0
        ? 'no runs yet'
        : formatTable(
            ['RUN', 'STATE', 'ORDER', 'KEY', 'PROFILE'],
            runs.map(({ id, digest }) => [
              id,
              digest === undefined
                ? 'damaged'
                : `${digest.state}${digest.test ? ' (test)' : ''}${digest.revokedAt === undefined ? '' : ' (revoked)'}`,
              digest?.orderNumber ?? '',
              digest?.keyLocation ?? '',
              digest?.profile ?? '',
            ]),
          ),
    )
    return EXIT.done
  },
}

const show: Command = {
  command: 'show <run>',
  summary: 'show the state of a run, and what to do next',
  positionals: RUN,
  options: STATE_PROFILE_OPTIONS,
  run: async (args, { output, ...context }) => {
    const { RunFolder } = await import('../../enrollment/run-folder.ts')
    const { Journal } = await import('../../enrollment/journal.ts')
    const { recordIn } = await import('../../enrollment/run-record.ts')
    const { showRun } = await import('../run-view.ts')
    const configuration = await configureState(args, { output, ...context })
    const folder = await RunFolder.find(stateDirectoryOf(configuration), args.required('run'))
    const record = recordIn(await Journal.open(folder.journalFile, Date.now))
    showRun({ id: folder.id, folder: folder.path, record }, output)
    return EXIT.done
  },
}

const watch: Command = {
  command: 'watch <run>',
  summary: 'wait for the CA, then store and install the certificate',
  positionals: RUN,
  options: EXISTING_RUN_OPTIONS,
  run: async (args, context) => {
    return withExistingRun(args, context, (run) => {
      if (run.record.orderNumber === undefined) {
        throw new EnrollError(
          'run.no-order',
          `Could not watch the run ${run.id}: it has no order yet (${run.record.state}).`,
          {
            remedy: `Continue with \`hsm-enroll runs resume ${run.id}\`.`,
          },
        )
      }
      return advanceAndShow(run, { wait: true }, context)
    })
  },
}

/** A number as Sectigo gives one, or the address of an ACME order. */
const ORDER_NUMBER = /^(?:[\w#-]{1,128}|https:\/\/[!-~]{1,500})$/

const resolve: Command = {
  command: 'resolve <run>',
  summary: 'record the outcome of an order whose outcome is unknown',
  positionals: RUN,
  options: {
    ...EXISTING_RUN_OPTIONS,
    'order-number': { type: 'string', describe: 'the CA has the order, under this number (ACME: at this address)' },
    'not-placed': { type: 'boolean', describe: 'the CA has no such order' },
    'despite-balance': { type: 'boolean', describe: 'with --not-placed: the balance changed for another reason' },
  },
  run: async (args, context) => {
    const { resolveRun } = await import('../../enrollment/resolve-run.ts')
    const { showRun } = await import('../run-view.ts')
    const { userName } = await import('../../files/user-name.ts')
    const orderNumber = args.text('order-number')
    if (
      (orderNumber === undefined) === !args.flag('not-placed') ||
      (orderNumber !== undefined && !ORDER_NUMBER.test(orderNumber))
    ) {
      throw new EnrollError('usage', 'Use either --order-number N or --not-placed.', {
        remedy: 'Ask the CA, or compare the account balance, first.',
      })
    }
    return withExistingRun(args, context, async (run) => {
      await resolveRun(
        run,
        orderNumber === undefined
          ? { kind: 'not-placed', despiteBalance: args.flag('despite-balance') }
          : { kind: 'placed', orderNumber },
        `operator ${userName()}`,
      )
      showRun(run.summary, context.output)
      return EXIT.done
    })
  },
}

const report: Command = {
  command: 'report <run>',
  summary: 'write an evidence report for an auditor: journal, files, verdict',
  positionals: RUN,
  options: {
    ...STATE_PROFILE_OPTIONS,
    html: { type: 'boolean', describe: 'one self-contained, printable page; default: JSON' },
    output: { type: 'string', alias: 'o', describe: 'file to write; - for stdout', default: '-' },
  },
  run: async (args, context) => {
    const { writeFile } = await import('node:fs/promises')
    const { RunFolder } = await import('../../enrollment/run-folder.ts')
    const { makeEvidenceReport } = await import('../../report/evidence-report.ts')
    const { evidencePage } = await import('../../report/page/evidence-page.ts')
    const { VERSION } = await import('../../version.ts')
    const { jsonText } = await import('../../json-text.ts')
    const file = args.required('output')
    const page = args.flag('html')
    if (context.output.json && page && file === '-') {
      throw new EnrollError('usage', 'Could not print the page: --json keeps stdout for JSON.', {
        remedy: 'Specify a file for the page with --output, or omit --json.',
      })
    }
    const { ceremonyOfRun } = await import('../../ceremony/ceremony-folder.ts')
    const { summarizeCeremony } = await import('../../ceremony/summarize.ts')
    const stateDirectory = stateDirectoryOf(await configureState(args, context))
    const folder = await RunFolder.find(stateDirectory, args.required('run'))
    const watched = await ceremonyOfRun(stateDirectory, folder.id)
    const ceremony = watched === undefined ? undefined : await summarizeCeremony(watched)
    const made = await makeEvidenceReport(folder, `hsm-enroll ${VERSION}`, Date.now())
    const text = page ? evidencePage(made, ceremony) : `${jsonText(made)}\n`
    if (file !== '-') await writeFile(file, text, { mode: 0o600 })
    // With --json the report is the result, whatever went into the file beside it.
    if (file === '-' || context.output.json) context.output.result(made, () => text)
    return EXIT.done
  },
}

export const runs: CommandGroup = {
  name: 'runs',
  summary: 'past and open runs',
  commands: [list, show, resume, watch, resolve, abandon, repair, prune, switchTo, retireKey, report],
}
