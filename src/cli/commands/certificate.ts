import { EnrollError } from '../../errors.ts'
import type { Command, CommandGroup } from '../command.ts'
import { STATE_OPTIONS } from '../configure.ts'
import { advanceAndShow, EXISTING_RUN_OPTIONS, withExistingRun } from '../enrolling.ts'
import { INVENTORY_OPTIONS } from '../inventory-list.ts'

const RUN = { type: 'string', describe: 'run id, or the end of it' } as const

const collect: Command = {
  command: 'collect <run>',
  summary: 'ask the CA once for the certificate of a run',
  positionals: { run: RUN },
  options: EXISTING_RUN_OPTIONS,
  run: async (args, context) => {
    return withExistingRun(args, context, (run) => {
      const { state } = run.record
      if (state === 'ordered' || state === 'issued' || state === 'installed')
        return advanceAndShow(run, { until: 'issued' }, context)
      throw new EnrollError('run.not-ordered', `Could not collect: the run ${run.id} is ${state}.`, {
        remedy: `See \`hsm-enroll runs show ${run.id}\`.`,
      })
    })
  },
}

const importFile: Command = {
  command: 'import <run> <file>',
  summary: 'import the certificate from a file that the CA mailed (PEM, DER, PKCS#7 or zip)',
  positionals: { run: RUN, file: { type: 'string', describe: 'certificate file, - for stdin' } },
  options: {
    ...EXISTING_RUN_OPTIONS,
    replace: { type: 'boolean', describe: 'in place of the certificate that the run has' },
    'any-subject': { type: 'boolean', describe: 'also if it names somebody else than the order did' },
  },
  run: async (args, context) => {
    const { acceptCertificates } = await import('../../enrollment/steps/accept-certificates.ts')
    const { readCertificates } = await import('../../check/read/certificates-input.ts')
    const { readInput } = await import('../../config/read-input.ts')
    const certificates = readCertificates(await readInput(args.required('file')))
    return withExistingRun(args, context, async (run) => {
      const { state } = run.record
      const has = state === 'issued' || state === 'installed'
      if (has && !args.flag('replace')) {
        throw new EnrollError('run.has-certificate', `Could not import into the run ${run.id}: it has a certificate.`, {
          remedy: 'To put another one in its place, add --replace; the one that it has is kept in the run folder.',
        })
      }
      if (!has && state !== 'ordered' && state !== 'unknown' && state !== 'submitting') {
        throw new EnrollError('run.not-ordered', `Could not import into the run ${run.id}: it is ${state}.`, {
          remedy: `See \`hsm-enroll runs show ${run.id}\`.`,
        })
      }
      await acceptCertificates(run, certificates, 'imported manually', { anySubject: args.flag('any-subject') })
      return advanceAndShow(run, { until: 'issued' }, context)
    })
  },
}

const install: Command = {
  command: 'install <run>',
  summary: 'put the issued certificate on the device, with its key',
  positionals: { run: RUN },
  options: EXISTING_RUN_OPTIONS,
  run: async (args, context) => {
    return withExistingRun(args, context, (run) => {
      const { state } = run.record
      if (state === 'issued' || state === 'installed') return advanceAndShow(run, {}, context)
      throw new EnrollError('run.not-issued', `Could not install: the run ${run.id} is ${state}.`, {
        remedy: 'Collect or import the certificate first.',
      })
    })
  },
}

const list: Command = {
  command: 'list',
  summary: 'the certificates of all runs, the next one to end first',
  options: {
    ...STATE_OPTIONS,
    ...INVENTORY_OPTIONS,
    device: { type: 'string', describe: 'only keys on devices whose name contains this text' },
  },
  examples: [['$0 certificate list --expiring 60d', 'what has to be renewed within 60 days']],
  run: async (args, context) => {
    const { listInventory } = await import('../inventory-list.ts')
    return listInventory(args, context, { certified: true, device: args.text('device') })
  },
}

export const certificate: CommandGroup = {
  name: 'certificate',
  aliases: ['certificates'],
  summary: 'issued certificates',
  commands: [list, collect, importFile, install],
}
