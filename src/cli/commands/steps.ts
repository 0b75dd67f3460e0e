/** `keygen`, `csr` and `attest`: the first steps of a run, one by one. Each begins a run, or goes on with the one that is named. */
import type { Options } from 'yargs'
import type { AdvanceOptions } from '../../enrollment/advance.ts'
import type { StateBeforeOrder } from '../../enrollment/enroll.ts'
import type { ExportFormat, ExportWish } from '../../enrollment/export-attestation.ts'
import type { Run } from '../../enrollment/run.ts'
import { EnrollError, type ExitCode } from '../../errors.ts'
import type { Arguments, Command, CommandContext } from '../command.ts'
import { configure } from '../configure.ts'
import { advanceAndShow, RUN_OPTIONS, replacementWish, withExistingRun } from '../enrolling.ts'
import { servicesFor } from '../services.ts'

/** What a step takes beside the rest. */
type StepOptions = Readonly<Record<string, Options>>

function step(name: string, summary: string, until: StateBeforeOrder, options: StepOptions = {}): Command {
  return {
    command: `${name} [profile]`,
    summary,
    positionals: { profile: { type: 'string', describe: 'profile file or name' } },
    options: {
      ...RUN_OPTIONS,
      ...options,
      run: { type: 'string', describe: 'continue this run instead of starting one' },
    },
    run: async (args, context) => {
      const wish = await exportWish(args)
      const move = (run: Run, how: AdvanceOptions): Promise<ExitCode> =>
        advanceAndShow(run, how, context, async () => {
          if (wish !== undefined) await exportTo(run, wish, context)
        })
      if (args.text('run') !== undefined) {
        return withExistingRun(args, context, (opened) => move(opened, { until, ...replacementWish(args, context) }))
      }
      const { beginRun } = await import('../../enrollment/enroll.ts')
      const profile = args.text('profile')
      const configuration = await configure(args, context, { profile })
      if (wish !== undefined) {
        const { checkExport } = await import('../../enrollment/export-attestation.ts')
        checkExport(configuration, wish)
      }
      const services = servicesFor(configuration, args, context)
      return beginRun({ configuration, until, ...replacementWish(args, context) }, services, move)
    },
  }
}

/** Undefined if no other form is asked for. */
async function exportWish(args: Arguments): Promise<ExportWish | undefined> {
  const format = args.text('format')
  const file = args.text('key-authorization')
  if (format === undefined) {
    if (file === undefined) return undefined
    throw new EnrollError('usage', 'Could not use --key-authorization: no --format is specified.', {
      remedy: 'Add --format step, acme or cbor.',
    })
  }
  const { readInput } = await import('../../config/read-input.ts')
  const text =
    file === undefined
      ? undefined
      : Buffer.from(await readInput(file))
          .toString('utf8')
          .trim()
  return { format: format as ExportFormat, ...(text === undefined ? {} : { keyAuthorization: text }) }
}

async function exportTo(run: Run, wish: ExportWish, { output }: CommandContext): Promise<void> {
  const { exportAttestation } = await import('../../enrollment/export-attestation.ts')
  output.progress(`${output.style('green', '✓', 'stderr')} attestation object: ${await exportAttestation(run, wish)}`)
}

export const keygen = step('keygen', 'generate a non-exportable key pair on the device, and stop', 'key-generated')
export const csr = step('csr', 'have the device sign a certificate request, and stop', 'csr-signed', {
  'with-attestation': {
    type: 'boolean',
    describe: 'the request carries the attestation, as id-aa-attestation unless --attestation-form says otherwise',
  },
  'attestation-form': {
    type: 'string',
    array: true,
    choices: ['bundle', 'yubico'],
    describe: 'bundle (id-aa-attestation) or yubico (extensions of yubico-piv-tool), or both',
  },
  'attestation-type': { type: 'string', describe: 'dotted OID of the statement in id-aa-attestation, from the CA' },
})
export const attest = step('attest', 'export the key attestation, and stop', 'attested', {
  format: {
    type: 'string',
    choices: ['step', 'acme', 'cbor'],
    describe: 'YubiKey: also as attestation object, for `step`, as the answer to an ACME challenge, or as CBOR',
  },
  'key-authorization': {
    type: 'string',
    describe: 'file with the key authorization of the ACME challenge, which the device signs; - for stdin',
  },
})
