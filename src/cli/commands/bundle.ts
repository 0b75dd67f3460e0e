import type { BundleVerdict } from '../../bundle/bundle-verdict.ts'
import type { CheckSettings } from '../../check/configured.ts'
import { EnrollError, EXIT, type ExitCode } from '../../errors.ts'
import type { Arguments, Command, CommandContext, CommandGroup } from '../command.ts'
import { configure, configureState, PROFILE_OPTIONS, STATE_PROFILE_OPTIONS, TRUST_OPTIONS } from '../configure.ts'
import { PIN_OPTION, stateDirectoryOf, TRACE_OPTION } from '../enrolling.ts'

const BUNDLE = { bundle: { type: 'string', describe: 'bundle file' } } as const
const WITNESSES = {
  witnesses: { type: 'string', describe: 'JSON list of the witnesses, their keys, and how many must have signed' },
} as const

const create: Command = {
  command: 'create <run>',
  summary: 'write a bundle of a run: one file that an auditor can verify alone',
  positionals: { run: { type: 'string', describe: 'run id, or the end of it' } },
  options: {
    ...STATE_PROFILE_OPTIONS,
    ...TRUST_OPTIONS,
    output: { type: 'string', alias: 'o', describe: 'file to write; default: RUN.bundle.zip' },
  },
  run: async (args, context) => {
    const { resolve } = await import('node:path')
    const { RunFolder } = await import('../../enrollment/run-folder.ts')
    const { createBundle } = await import('../../ceremony/create-bundle.ts')
    const { createBundleFile } = await import('../../ceremony/bundle-file.ts')
    const { VERSION } = await import('../../version.ts')
    const { ceremonyOfRun } = await import('../../ceremony/ceremony-folder.ts')
    const stateDirectory = stateDirectoryOf(await configureState(args, context))
    const folder = await RunFolder.find(stateDirectory, args.required('run'))
    const file = args.text('output') ?? `${folder.id}.bundle.zip`
    const { bundle, report } = await createBundle(
      folder,
      `hsm-enroll ${VERSION}`,
      Date.now(),
      await ceremonyOfRun(stateDirectory, folder.id),
    )
    await createBundleFile(resolve(context.cwd, file), bundle)
    // The anchors under which the run was judged; `bundle verify` takes those that its user passes.
    const { trustAnchors = [] } = report.record.settings
    const anchors = typeof trustAnchors === 'string' ? [trustAnchors] : trustAnchors
    return showVerdict(bundle, file, args, context, {
      text: () => undefined,
      list: () => [...anchors, ...args.list('trust-anchors')],
    })
  },
}

const statement: Command = {
  command: 'statement <bundle>',
  summary: 'write the bytes that a witness signs, for signing with other programs',
  positionals: BUNDLE,
  options: { ...TRUST_OPTIONS, output: { type: 'string', alias: 'o', describe: 'file to write', demandOption: true } },
  run: async (args, context) => {
    const { resolve } = await import('node:path')
    const { statementIn } = await import('../../ceremony/add-signature.ts')
    const { createBundleFile } = await import('../../ceremony/bundle-file.ts')
    const { file, bytes } = await read(args, context)
    await createBundleFile(resolve(context.cwd, args.required('output')), statementIn(bytes))
    return showVerdict(bytes, file, args, context)
  },
}

const SIGN_OPTIONS = {
  'ssh-key': { type: 'string', describe: 'SSH key file (private, or public if the agent has it); ssh-keygen signs' },
  'minisign-key': { type: 'string', describe: 'minisign secret key file; minisign signs; needs --minisign-public' },
  'minisign-public': { type: 'string', describe: 'minisign public key file' },
  signature: { type: 'string', describe: 'signature that was made elsewhere: SSH, minisign or CMS' },
  profile: { type: 'string', describe: 'profile of the device whose key signs; needs --key and --certificate' },
  key: { type: 'string', describe: 'location of that key, as `keys list` prints it' },
  certificate: { type: 'string', describe: 'certificate of that key' },
} as const

const sign: Command = {
  command: 'sign <bundle>',
  summary: 'add the signature of a witness, after you have looked at the bundle',
  positionals: BUNDLE,
  options: { ...PROFILE_OPTIONS, ...PIN_OPTION, ...TRACE_OPTION, ...SIGN_OPTIONS },
  run: async (args, context) => {
    const { addSignature } = await import('../../ceremony/add-signature.ts')
    const { readInput } = await import('../../config/read-input.ts')
    const { replaceBundleFile } = await import('../../ceremony/bundle-file.ts')
    const { file, path, bytes } = await read(args, context)
    const ways = ['ssh-key', 'minisign-key', 'signature', 'profile'].filter((way) => args.text(way) !== undefined)
    if (ways.length === 0) {
      throw new EnrollError('usage', 'Could not sign: neither a key nor a signature is specified.', {
        remedy:
          'Specify --ssh-key FILE, --minisign-key FILE, --signature FILE, or --profile PROFILE with --key and --certificate.',
      })
    }
    if (ways.length !== 1) {
      throw new EnrollError('usage', 'Use one of --ssh-key, --minisign-key, --signature and --profile.', {
        remedy: 'One signature is added at a time.',
      })
    }
    const publicFile = args.text('minisign-public')
    const publicKey = publicFile === undefined ? undefined : Buffer.from(await readInput(publicFile)).toString('utf8')
    const signed = addSignature(
      bytes,
      await signatureBy(args, context, bytes),
      publicKey?.trim().split('\n').at(-1)?.trim(),
    )
    await replaceBundleFile(path, signed)
    return showVerdict(signed, file, args, context)
  },
}

async function signatureBy(args: Arguments, context: CommandContext, bundle: Uint8Array): Promise<Uint8Array> {
  const { statementIn } = await import('../../ceremony/add-signature.ts')
  const { readInput } = await import('../../config/read-input.ts')
  const given = args.text('signature')
  if (given !== undefined) return readInput(given)
  const [ssh, minisign] = [args.text('ssh-key'), args.text('minisign-key')]
  if (ssh === undefined && minisign === undefined) return signatureOfDevice(args, context, bundle)
  const { signWithProgram } = await import('../../ceremony/sign-with-program.ts')
  if (ssh !== undefined) return signWithProgram('ssh-keygen', ssh, statementIn(bundle), context.env)
  return signWithProgram('minisign', minisign ?? '', statementIn(bundle), context.env)
}

async function signatureOfDevice(args: Arguments, context: CommandContext, bundle: Uint8Array): Promise<Uint8Array> {
  const { signOnDevice } = await import('../../ceremony/add-signature.ts')
  const { certificatesIn } = await import('../../ceremony/bundle-file.ts')
  const { readInput } = await import('../../config/read-input.ts')
  const { createServices } = await import('../services.ts')
  const [key, certificateFile] = [args.text('key'), args.text('certificate')]
  if (key === undefined || certificateFile === undefined) {
    throw new EnrollError('usage', '--profile needs --key and --certificate.', {
      remedy: '`hsm-enroll keys list PROFILE` prints the keys.',
    })
  }
  const [certificate] = certificatesIn(await readInput(certificateFile), certificateFile)
  const configuration = await configure(args, context, { profile: args.text('profile') })
  const services = createServices(configuration, context, args.flag('trace'), args.flag('try-pin-again'))
  const device = await services.openDevice(configuration)
  try {
    return await signOnDevice(bundle, device, key, certificate.der, Date.now())
  } finally {
    await device.close()
  }
}

const timestamp: Command = {
  command: 'timestamp <bundle>',
  summary: 'add an RFC 3161 time stamp over the statement and its signatures',
  positionals: BUNDLE,
  options: {
    ...TRUST_OPTIONS,
    tsa: { type: 'string', describe: 'address of the time-stamp authority, which gets one hash', demandOption: true },
    policy: { type: 'string', describe: 'policy to ask for (an OID)' },
    'tsa-ca': {
      type: 'string',
      array: true,
      describe: 'certificates (PEM) in which the chain of a time stamp may end',
    },
  },
  run: async (args, context) => {
    const { addTimeStamp } = await import('../../ceremony/request-time-stamp.ts')
    const { replaceBundleFile } = await import('../../ceremony/bundle-file.ts')
    const { file, path, bytes } = await read(args, context)
    const policy = args.text('policy')
    if (policy !== undefined && !/^[012](\.(0|[1-9]\d{0,9})){1,20}$/.test(policy)) {
      throw new EnrollError('usage', '"policy" is not an object identifier.', {
        remedy: 'Write it in dotted form: 1.3.6.1.…',
      })
    }
    const stamped = await addTimeStamp(bytes, {
      url: args.required('tsa'),
      ...(policy === undefined ? {} : { policy }),
      signal: context.signal,
    })
    await replaceBundleFile(path, stamped)
    return showVerdict(stamped, file, args, context)
  },
}

const verify: Command = {
  command: 'verify <bundle>',
  summary: 'verify a bundle offline, and print what it proves and what it does not',
  positionals: BUNDLE,
  options: {
    ...TRUST_OPTIONS,
    ...WITNESSES,
    'tsa-ca': {
      type: 'string',
      array: true,
      describe: 'certificates (PEM) in which the chain of a time stamp may end',
    },
  },
  run: async (args, context) => {
    const { file, bytes } = await read(args, context)
    return showVerdict(bytes, file, args, context)
  },
}

async function read(
  args: Arguments,
  context: CommandContext,
): Promise<{ readonly file: string; readonly path: string; readonly bytes: Uint8Array }> {
  const { resolve } = await import('node:path')
  const { readBundleFile } = await import('../../ceremony/bundle-file.ts')
  const file = args.required('bundle')
  const path = resolve(context.cwd, file)
  return { file, path, bytes: await readBundleFile(path) }
}

/** Verifies and prints; exit code 1 where something is wrong. */
export async function showVerdict(
  bytes: Uint8Array,
  file: string,
  args: Arguments,
  context: CommandContext,
  settings?: CheckSettings,
): Promise<ExitCode> {
  const { verifyBundle } = await import('../../bundle/verify-bundle.ts')
  const { readWitnessList } = await import('../../bundle/signatures/witness-list.ts')
  const { certificatesIn } = await import('../../ceremony/bundle-file.ts')
  const { configuredTrustAnchors } = await import('../../check/configured.ts')
  const { readInput } = await import('../../config/read-input.ts')
  const { showBundle } = await import('../bundle-view.ts')
  const witnesses = args.text('witnesses')
  const anchors = await Promise.all(
    args.list('tsa-ca').map(async (name) => certificatesIn(await readInput(name), name)),
  )
  const verdict: BundleVerdict = verifyBundle(bytes, {
    ...(witnesses === undefined ? {} : { witnesses: readWitnessList(await readInput(witnesses)) }),
    timestampAnchors: anchors.flat(),
    trustAnchors: await configuredTrustAnchors(settings ?? (await configure(args, context)), readInput),
  })
  showBundle(verdict, file, context.output)
  return verdict.sound ? EXIT.done : EXIT.refused
}

export const bundle: CommandGroup = {
  name: 'bundle',
  summary: 'put a run into one file, have it signed and time-stamped, verify it',
  commands: [create, statement, sign, timestamp, verify],
}
