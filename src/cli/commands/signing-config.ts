import { SIGNING_PROGRAMS } from '../../enrollment/signing/signing-programs.ts'
import { EXIT } from '../../errors.ts'
import type { Command } from '../command.ts'
import { EXISTING_RUN_OPTIONS, withExistingRun } from '../enrolling.ts'

export const signingConfig: Command = {
  command: 'signing-config <run>',
  summary: 'print how a program signs with the key of a run; no device is asked',
  positionals: { run: { type: 'string', describe: 'run id, or the end of it' } },
  options: {
    ...EXISTING_RUN_OPTIONS,
    for: { type: 'string', choices: SIGNING_PROGRAMS, demandOption: true, describe: 'the program that signs' },
  },
  examples: [['$0 signing-config k7f3qa --for pyhanko', 'a configuration file for pyHanko, and the command']],
  run: (args, context) =>
    withExistingRun(args, context, async (run) => {
      const { readSigningKey } = await import('../../enrollment/signing/signing-key.ts')
      const { signingConfig: configure } = await import('../../enrollment/signing/signing-programs.ts')
      const name = args.required('for')
      const program = SIGNING_PROGRAMS.find((known) => known === name)
      if (program === undefined) throw new Error(`yargs let "${name}" pass`)
      const key = await readSigningKey(run)
      const config = configure(program, key)
      const { subject, access } = key
      context.output.result({ run: run.id, program, subject, module: access.module, ...config }, () =>
        [
          `# ${program} signs as ${subject} (run ${run.id})`,
          ...config.pitfalls.map((line) => `# - ${line}`),
          ...Object.entries(config.files).flatMap(([file, content]) => [`cat > ${file} <<'END'`, `${content}END`]),
          ...Object.entries(config.environment).map(([variable, value]) => `export ${variable}='${value}'`),
          ...config.commands,
        ].join('\n'),
      )
      return EXIT.done
    }),
}
