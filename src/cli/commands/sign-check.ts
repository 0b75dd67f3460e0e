import { EXIT } from '../../errors.ts'
import type { Command } from '../command.ts'
import { EXISTING_RUN_OPTIONS, withExistingRun } from '../enrolling.ts'

export const signCheck: Command = {
  command: 'sign-check <run>',
  summary: 'have the device sign once, and verify that with the certificate that it keeps',
  positionals: { run: { type: 'string', describe: 'run id, or the end of it' } },
  options: EXISTING_RUN_OPTIONS,
  run: (args, context) =>
    withExistingRun(args, context, async (run) => {
      const { signCheck: check } = await import('../../enrollment/sign-check.ts')
      const shown = await check(run)
      context.output.result(shown, () => {
        const from = shown.certificateFrom === 'device' ? 'read back from the device' : 'from the run folder'
        return [
          `${shown.key} signs, and its certificate (${from}) verifies the signature`,
          `  subject    ${shown.subject}`,
          `  until      ${shown.notAfter}`,
          `  signature  ${shown.hash} over the SHA-256 of the certificate`,
        ].join('\n')
      })
      return EXIT.done
    }),
}
