import { EXIT } from '../../errors.ts'
import { DOUBLES } from '../../sandbox/doubles.ts'
import type { Rehearsal } from '../../sandbox/rehearsal/start-rehearsal.ts'
import type { Command, CommandContext } from '../command.ts'

export const sandbox: Command = {
  command: 'sandbox',
  summary: 'keep a simulated device and a rehearsal CA running until Ctrl-C',
  options: {
    device: {
      type: 'string',
      default: 'yubihsm2',
      describe: Object.keys(DOUBLES).join(', '),
    },
    firmware: {
      type: 'string',
      describe: 'firmware of a YubiKey or YubiHSM 2, such as 5.7.4, 5.4.3-fips, 2.2-fips; default: 5.4.3, 2.4',
    },
    directory: { type: 'string', describe: 'folder to keep everything in; default: a new temporary folder' },
    script: {
      type: 'string',
      describe: 'scenario file (YAML): what the CA does to orders and when, faults, pushes, clock',
    },
  },
  run: async (args, context) => {
    const { mkdtemp, rm } = await import('node:fs/promises')
    const { tmpdir } = await import('node:os')
    const { join, resolve } = await import('node:path')
    const { existsSync } = await import('node:fs')
    const { readInput } = await import('../../config/read-input.ts')
    const { makeDirectory } = await import('../../files/make-directory.ts')
    const { withProcessLock } = await import('../../files/process-lock.ts')
    const { startRehearsal } = await import('../../sandbox/rehearsal/start-rehearsal.ts')
    const { parseScenario } = await import('../../sandbox/certificate-authority/scenario.ts')
    const script = args.text('script')
    const read = async (file: string): Promise<string> =>
      Buffer.from(await readInput(resolve(context.cwd, file))).toString('utf8')
    const authority = script === undefined ? {} : parseScenario(await read(script))
    const chosen = args.text('directory')
    const directory = chosen === undefined ? await mkdtemp(join(tmpdir(), 'hsm-enroll-')) : resolve(context.cwd, chosen)
    await makeDirectory(directory)
    // A second one would write its profile and certificates over those of the first.
    const kept = withProcessLock(join(directory, 'sandbox.lock'), `the sandbox in ${directory}`, async () => {
      if (existsSync(join(directory, 'profile.yaml')))
        context.output.warn(
          'Keys and orders of the sandbox that ran here before are gone; runs of it that are not complete cannot go on.',
        )
      const firmware = args.text('firmware')
      const rehearsal = await startRehearsal({
        directory,
        device: args.required('device'),
        ...(firmware === undefined ? {} : { firmware }),
        authority,
      })
      try {
        await serve(rehearsal, directory, context)
      } finally {
        await rehearsal.close()
      }
      return EXIT.done
    })
    // One that never ran has nothing that anybody wants to look at.
    return kept.catch(async (error: unknown) => {
      if (chosen === undefined) await rm(directory, { recursive: true, force: true })
      throw error
    })
  },
}

/** Says what runs, beside a time-stamp authority, and waits for Ctrl-C. */
async function serve(rehearsal: Rehearsal, directory: string, { output, signal }: CommandContext): Promise<void> {
  const { writeFile } = await import('node:fs/promises')
  const { join } = await import('node:path')
  const { startTimeStampAuthority } = await import('../../sandbox/time-stamp-authority/time-stamp-authority.ts')
  const { double, ca, environment } = rehearsal
  const authorityOfTime = await startTimeStampAuthority()
  try {
    await writeFile(join(directory, 'tsa-ca.pem'), authorityOfTime.rootPem)
    // One line, though it is the only one: the program goes on running, and a script waits for the line's end.
    output.line(
      {
        profile: rehearsal.profile,
        uri: double.uri,
        endpoint: ca.url,
        environment,
        login: ca.login,
        timeStampAuthority: authorityOfTime.url,
      },
      () =>
        [
          `device    ${double.uri}`,
          `CA        ${ca.url}  (login ${ca.login.loginName}, password ${ca.login.loginPassword}: rehearsal values)`,
          `time      ${authorityOfTime.url}  (time-stamp authority; its root is tsa-ca.pem)`,
          `profile   ${rehearsal.profile}`,
          `files     the device’s secrets (secret-…), its test root (trust-anchors.json${double.rootCertificates === undefined ? '' : ', and device-root.pem for other verifiers'}) and the CA’s certificate (ca.pem) are beside the profile`,
          `enrol     ${[...Object.entries(environment).map(([name, value]) => `${name}=${value} `)].join('')}hsm-enroll enroll ${rehearsal.profile} --yes --wait`,
          `runs      hsm-enroll runs list --state-directory ${rehearsal.stateDirectory}`,
          'Press Ctrl-C to stop.',
        ].join('\n'),
    )
    await new Promise<void>((done) => {
      if (signal.aborted) done()
      signal.addEventListener('abort', () => done(), { once: true })
    })
  } finally {
    await authorityOfTime.close()
  }
}
