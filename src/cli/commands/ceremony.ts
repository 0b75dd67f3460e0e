import { EnrollError, EXIT, type ExitCode } from '../../errors.ts'
import type { Arguments, Command, CommandContext, CommandGroup } from '../command.ts'
import { configure, PROFILE_OPTIONS } from '../configure.ts'
import { confirmOrder, ORDER_OPTIONS, stateDirectoryOf, TRACE_OPTION } from '../enrolling.ts'
import { createServices } from '../services.ts'

const template: Command = {
  command: 'template <device>',
  summary: 'print a script for a family of devices, to be edited',
  positionals: {
    device: { type: 'string', describe: 'family: yubikey, yubihsm2, luna, nshield, fortanix, marvell-google' },
  },
  run: async (args, context) => {
    const { hsmTypeNamed } = await import('../../ceremony/script/family-name.ts')
    const { scriptTemplate } = await import('../../ceremony/script/script-template.ts')
    const script = scriptTemplate(hsmTypeNamed(args.required('device')))
    context.output.result({ script }, () => script)
    return EXIT.done
  },
}

const OPTIONS = {
  ...PROFILE_OPTIONS,
  ...ORDER_OPTIONS,
  ...TRACE_OPTION,
  profile: { type: 'string', describe: 'profile of the device, the key and the order', demandOption: true },
  answers: { type: 'string', describe: 'YAML file that answers in place of people: a rehearsal, and recorded as one' },
  output: { type: 'string', alias: 'o', describe: 'bundle to write at the end; default: RUN.bundle.zip' },
} as const

const run: Command = {
  command: 'run <script>',
  summary: 'lead people through a witnessed key generation, step by step, and bundle it',
  positionals: { script: { type: 'string', describe: 'script (YAML); `ceremony template` prints one' } },
  options: {
    ...OPTIONS,
    test: { type: 'boolean', describe: 'place a test order (test=Y): not billed, signed by an untrusted chain' },
  },
  run: async (args, context) => {
    const { resolve } = await import('node:path')
    const { createCeremonyFolder } = await import('../../ceremony/ceremony-folder.ts')
    const { readCeremonyScript } = await import('../../ceremony/script/ceremony-script.ts')
    const { readInput } = await import('../../config/read-input.ts')
    const script = resolve(context.cwd, args.required('script'))
    await readCeremonyScript(await readInput(script))
    const desk = await deskOf(args, context)
    const configuration = await configure(args, context, { profile: args.required('profile') })
    const folder = await createCeremonyFolder(stateDirectoryOf(configuration), script, Date.now())
    return lead(folder, desk, args.flag('test'), args, context)
  },
}

const resume: Command = {
  command: 'resume <ceremony>',
  summary: 'continue a ceremony that was paused or interrupted',
  positionals: { ceremony: { type: 'string', describe: 'ceremony id, or the end of it' } },
  options: OPTIONS,
  run: async (args, context) => {
    const { join } = await import('node:path')
    const { CEREMONY_FILES, findCeremonyFolder } = await import('../../ceremony/ceremony-folder.ts')
    const { CeremonyLog } = await import('../../ceremony/ceremony-log.ts')
    const configuration = await configure(args, context, { profile: args.required('profile') })
    const folder = await findCeremonyFolder(stateDirectoryOf(configuration), args.required('ceremony'))
    const begun = CeremonyLog.open(join(folder, CEREMONY_FILES.log), Date.now).last('begun')
    return lead(folder, await deskOf(args, context), begun?.test ?? false, args, context)
  },
}

async function deskOf(args: Arguments, context: CommandContext) {
  const answers = args.text('answers')
  if (answers !== undefined) {
    const { resolve } = await import('node:path')
    const { answersDesk } = await import('../../ceremony/answers.ts')
    const { readInput } = await import('../../config/read-input.ts')
    const file = resolve(context.cwd, answers)
    return answersDesk(file, await readInput(file), (text) => context.output.progress(text))
  }
  if (!context.interactive) {
    throw new EnrollError('ceremony.answers', 'Could not lead a ceremony: nobody can be asked.', {
      remedy: 'Run it in a terminal, or pass --answers FILE for a rehearsal.',
    })
  }
  const { terminalDesk } = await import('../ceremony-desk.ts')
  return terminalDesk(context)
}

/** Leads through it, and at its end writes the bundle and prints what it is worth. */
async function lead(
  folder: string,
  desk: Awaited<ReturnType<typeof deskOf>>,
  test: boolean,
  args: Arguments,
  context: CommandContext,
): Promise<ExitCode> {
  const { basename, join, resolve } = await import('node:path')
  const { runCeremony } = await import('../../ceremony/run-ceremony.ts')
  const { CEREMONY_FILES } = await import('../../ceremony/ceremony-folder.ts')
  const { CeremonyLog } = await import('../../ceremony/ceremony-log.ts')
  const { createBundle } = await import('../../ceremony/create-bundle.ts')
  const { createBundleFile } = await import('../../ceremony/bundle-file.ts')
  const { RunFolder } = await import('../../enrollment/run-folder.ts')
  const { VERSION } = await import('../../version.ts')
  const { showVerdict } = await import('./bundle.ts')
  const profile = args.required('profile')
  const configuration = await configure(args, context, { profile })
  const services = createServices(configuration, context, args.flag('trace'))
  const goOn = `Continue with \`hsm-enroll ceremony resume ${basename(folder)} --profile ${profile}\``
  const code = await runCeremony(folder, desk, {
    configuration,
    services,
    test,
    wait: args.flag('wait'),
    confirm: confirmOrder(args, context),
    program: `hsm-enroll ${VERSION}`,
    profile: configuration.profile ?? profile,
    env: context.env,
  }).catch((error: unknown) => {
    if (error instanceof EnrollError && error.code === 'ceremony.paused')
      throw new EnrollError('ceremony.paused', error.message, { remedy: `${goOn}.` })
    context.output.progress(goOn)
    throw error
  })
  const id = CeremonyLog.open(join(folder, CEREMONY_FILES.log), Date.now).last('run')?.run
  if (id === undefined) throw new Error('a ceremony ended without a run')
  context.output.belongsTo(id)
  if (code !== EXIT.done) {
    context.output.progress(goOn)
    const { showRun } = await import('../run-view.ts')
    const { recordIn } = await import('../../enrollment/run-record.ts')
    const { Journal } = await import('../../enrollment/journal.ts')
    const stopped = await RunFolder.find(services.stateDirectory, id)
    showRun(
      { id, folder: stopped.path, record: recordIn(await Journal.open(stopped.journalFile, Date.now)) },
      context.output,
    )
    return code
  }
  const file = args.text('output') ?? `${id}.bundle.zip`
  const runFolder = await RunFolder.find(services.stateDirectory, id)
  const { bundle } = await createBundle(runFolder, `hsm-enroll ${VERSION}`, Date.now(), folder)
  await createBundleFile(resolve(context.cwd, file), bundle)
  return showVerdict(bundle, file, args, context, configuration)
}

export const ceremony: CommandGroup = {
  name: 'ceremony',
  summary: 'a witnessed key generation: a script, roles, ticks, and a bundle at the end',
  commands: [template, run, resume],
}
