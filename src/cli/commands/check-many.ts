import { availableParallelism } from 'node:os'
import { EnrollError, EXIT, type ExitCode } from '../../errors.ts'
import type { RowForm, Rows } from '../check-many/row.ts'
import type { Command } from '../command.ts'
import { configure, TRUST_OPTIONS } from '../configure.ts'
import { expectFlags, JUDGING_OPTIONS, policyFlags, readDay, readHsmType } from '../judging-flags.ts'

export const checkMany: Command = {
  command: 'check-many [paths..]',
  summary: 'check many attestations offline, on every core, each on its own',
  positionals: {
    paths: {
      type: 'string',
      array: true,
      describe: 'files, one attestation each; of a folder every file and every folder in it; - for a list on stdin',
    },
  },
  options: {
    ...TRUST_OPTIONS,
    ...JUDGING_OPTIONS,
    list: { type: 'string', describe: 'file with a path, or a JSON object with attestation and csr, on each line' },
    format: { type: 'string', choices: ['table', 'csv', 'junit', 'sarif'], describe: 'what is printed' },
    workers: { type: 'number', describe: 'how many at a time; default: one for each core' },
  },
  examples: [['$0 check-many attestations/ --format junit', 'each file of a folder']],
  run: async (args, context) => {
    const { configuredTrustAnchors } = await import('../../check/configured.ts')
    const { configuredPolicy } = await import('../../check/policy/configured-policy.ts')
    const { knowledgeInForce } = await import('../../config/knowledge-in-force.ts')
    const { readInput } = await import('../../config/read-input.ts')
    const { outcomeOfCrash } = await import('../check-many/item.ts')
    const { itemsOfList, itemsOfPaths } = await import('../check-many/items.ts')
    const { judgeAll } = await import('../check-many/pool.ts')
    const { workerProgram } = await import('../check-many/worker-program.ts')
    const { REPORT_FORMATS } = await import('../check-many/formats.ts')
    const { rowsIn } = await import('../check-many/row.ts')
    const { output } = context
    const hsmType = readHsmType(args.text('hsm-type'))
    const on = readDay(args.text('on'))
    const paths = args.list('paths')
    const named = args.text('list')
    const list = named ?? (paths.length === 1 && paths[0] === '-' ? '-' : undefined)
    const format = args.text('format')
    if (paths.length === 0 && list === undefined) {
      throw new EnrollError('usage', 'Could not check: no file, folder or list was specified.', {
        remedy: 'Specify files or folders, or a list with --list FILE.',
      })
    }
    if (named !== undefined && paths.length > 0) {
      throw new EnrollError('usage', 'Could not check both a list and the files on the command line.', {
        remedy: 'Write the files into the list, or omit --list.',
      })
    }
    const workers = args.integer('workers', 1, MOST_WORKERS)
    if (output.json && format !== undefined) {
      throw new EnrollError('usage', 'Could not check with --json and --format: each is a form of its own.', {
        remedy: 'Omit one of them; --json prints a JSON object in a line for each attestation.',
      })
    }
    const report = format === 'csv' || format === 'junit' || format === 'sarif' ? format : undefined
    const configuration = await configure(args, context, {
      flags: { ...policyFlags(args), ...expectFlags(args.list('expect')) },
    })
    const knowledge = await knowledgeInForce(configuration)
    const form: RowForm = { output: output.form, ...(report === undefined ? {} : { report }) }
    const rows = judgeAll<Rows>(list === undefined ? itemsOfPaths(paths) : itemsOfList(list, context.cwd), {
      program: workerProgram(),
      data: {
        form,
        judging: {
          ...(hsmType === undefined ? {} : { hsmType }),
          ...(on === undefined ? {} : { on }),
          trustAnchors: await configuredTrustAnchors(configuration, readInput, hsmType),
          policy: configuredPolicy(configuration, knowledge),
          options: { fieldUpgradeWarrants: configuration.text('policy.fieldUpgradeWarrants') },
          knowledge,
          now: Date.now(),
        },
      },
      crashed: (item) => rowsIn(form, [outcomeOfCrash(item)]),
      workers: workers ?? availableParallelism(),
      signal: context.signal,
    })
    let [acceptable, refused, unreadable] = [0, 0, 0]
    let exitCode: ExitCode = EXIT.done
    const { begin, between, end } = report === undefined ? { begin: '', between: '', end: '' } : REPORT_FORMATS[report]
    const write = (text: string): Promise<void> => (report === undefined ? output.lines(text) : output.text(text))
    if (report !== undefined) await write(begin)
    let isFirst = true
    for await (const some of rows) {
      if (some.text !== '') {
        await write(isFirst ? some.text : between + some.text)
        isFirst = false
      }
      acceptable += some.acceptable
      refused += some.refused
      unreadable += some.unreadable
      if (some.exitCode > exitCode) exitCode = some.exitCode
    }
    if (report !== undefined) await write(end)
    const checked = acceptable + refused + unreadable
    if (checked === 0 && !context.signal.aborted) throw nothing(list ?? paths.join(', '))
    output.progress(`${checked} checked: ${acceptable} acceptable, ${refused} refused, ${unreadable} unreadable.`)
    return exitCode
  },
}

/** Each takes up to half a gigabyte. */
const MOST_WORKERS = 256

/** Nobody is to take it for "all are acceptable": what should have written the list, or filled the folder, has failed. */
const nothing = (where: string): EnrollError =>
  new EnrollError('input.list', `Could not check anything: there is no attestation in ${where}.`, {
    remedy: 'Correct the path, or what writes the list.',
  })
