/** `keygen`, `csr` and `attest`: the first steps of a run, one by one. Each begins a run, or goes on with the one that is named. */
import type { Options } from 'yargs'
import type { StateBeforeOrder } from '../../enrollment/enroll.ts'
import type { Command } from '../command.ts'
import { configure } from '../configure.ts'
import { advanceAndShow, RUN_OPTIONS, replacementWish, withExistingRun } from '../enrolling.ts'
import { servicesFor } from '../services.ts'

function step(
  name: string,
  summary: string,
  until: StateBeforeOrder,
  options: Readonly<Record<string, Options>> = {},
): Command {
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
      if (args.text('run') !== undefined) {
        return withExistingRun(args, context, (opened) =>
          advanceAndShow(opened, { until, ...replacementWish(args, context) }, context),
        )
      }
      const { beginRun } = await import('../../enrollment/enroll.ts')
      const profile = args.text('profile')
      const configuration = await configure(args, context, { profile })
      const services = servicesFor(configuration, args, context)
      return beginRun({ configuration, until, ...replacementWish(args, context) }, services, (created, options) =>
        advanceAndShow(created, options, context),
      )
    },
  }
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
export const attest = step('attest', 'export the key attestation, and stop', 'attested')
