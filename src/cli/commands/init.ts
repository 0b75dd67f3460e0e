import { execFile } from 'node:child_process'
import type { ProfileAnswers } from '../../config/profile-template.ts'
import { EnrollError, EXIT } from '../../errors.ts'
import { HSM_TYPES, type HsmType, isHsmType } from '../../hsm-type.ts'
import { jsonMember } from '../../json-member.ts'
import type { Arguments, Command, CommandContext } from '../command.ts'
import { ownProgram } from '../own-program.ts'

/** What is asked, in the order in which it is; each is an option, too. */
// biome-ignore format: a table
const QUESTIONS = [
  ['organization', 'Organisation, as it is registered'],
  ['common-name', 'Name in the certificate, if it is another'],
  ['street', 'Street and number'],
  ['locality', 'City'],
  ['state', 'State or province'],
  ['postal-code', 'Postal code'],
  ['country', 'Country, two letters'],
  ['title', 'Title of the person who answers the callback'],
  ['forename', 'Forename of that person'],
  ['surname', 'Surname of that person'],
  ['email', 'E-mail address of that person'],
] as const

export const init: Command = {
  command: 'init [file]',
  summary: 'write a commented profile by asking; never a secret',
  positionals: {
    file: { type: 'string', default: 'signing.yaml', describe: 'file to write; one that exists is refused' },
  },
  options: {
    'hsm-type': { type: 'string', choices: HSM_TYPES, describe: 'the family of the device' },
    device: { type: 'string', describe: 'device URI; default: the device that is found' },
    slots: { type: 'string', describe: 'YubiKey: slots that keys take turns in, the first one first: 9c,82' },
    fips: { type: 'boolean', describe: 'refuse a device that is not FIPS-certified' },
    ...Object.fromEntries(QUESTIONS.map(([name, question]) => [name, { type: 'string', describe: question } as const])),
  },
  examples: [['$0 init signing.yaml', 'asks for everything that is not an option']],
  run: async (args, context) => {
    const { resolve } = await import('node:path')
    const { profileTemplate } = await import('../../config/profile-template.ts')
    const { loadConfiguration } = await import('../../config/configuration.ts')
    const { createOnce } = await import('../../files/create-once.ts')
    const file = resolve(context.cwd, args.required('file'))
    const answers = await ask(args, context)
    if (!(await createOnce(file, profileTemplate(answers)))) {
      throw new EnrollError('config.profile-exists', `Could not write the profile: ${file} exists.`, {
        remedy: 'Specify another file.',
      })
    }
    // What is written is read as every command reads it.
    await loadConfiguration({ profile: file, env: {}, systemDirectory: '/nonexistent' })
    context.output.result({ file, hsmType: answers.hsmType, device: answers.uri }, () =>
      [`wrote ${file}`, `Next: hsm-enroll plan ${file}, which says what is still missing.`].join('\n'),
    )
    return EXIT.done
  },
}

async function ask(args: Arguments, context: CommandContext): Promise<ProfileAnswers> {
  const { promptText } = await import('../prompt.ts')
  const given = async (name: string, question: string, preset = ''): Promise<string> =>
    args.text(name) ?? (context.interactive ? promptText(question, preset, context.signal) : preset)
  const hsmType = await given('hsm-type', `Family of the device (${HSM_TYPES.join(', ')})`)
  if (!isHsmType(hsmType)) {
    throw new EnrollError(
      'usage.hsm-type',
      hsmType === ''
        ? 'Could not write a profile: no device family was specified.'
        : `Could not write a profile for the device family "${hsmType.slice(0, 40)}".`,
      {
        remedy: `Specify --hsm-type with one of ${HSM_TYPES.join(', ')}.`,
      },
    )
  }
  const { EXAMPLE_URIS } = await import('../../config/profile-template.ts')
  const found = args.text('device') === undefined ? await findDevice(hsmType, context) : undefined
  const uri = await given('device', 'Device', found ?? EXAMPLE_URIS[hsmType])
  const slots = hsmType === 'YUBIKEY' ? await given('slots', 'Slots that keys take turns in', '9c,82') : ''
  const rest = new Map<string, string>()
  for (const [name, question] of QUESTIONS) rest.set(name, (await given(name, question)).trim())
  const answer = (name: (typeof QUESTIONS)[number][0]): string => rest.get(name) ?? ''
  return {
    hsmType,
    uri: hsmType === 'YUBIKEY' ? uri.replace(/;(slot|id)=[^;?]*/g, '') : uri,
    places: slots.split(',').flatMap((slot) => (slot.trim() === '' ? [] : [slot.trim().toLowerCase()])),
    organization: answer('organization'),
    commonName: answer('common-name'),
    street: answer('street'),
    locality: answer('locality'),
    state: answer('state'),
    postalCode: answer('postal-code'),
    country: answer('country').toUpperCase(),
    title: answer('title'),
    forename: answer('forename'),
    surname: answer('surname'),
    email: answer('email'),
    fips: args.flag('fips') || (context.interactive && (await fipsWanted(context))),
  }
}

async function fipsWanted({ signal }: CommandContext): Promise<boolean> {
  const { promptYes } = await import('../prompt.ts')
  return promptYes('Must the device be FIPS-certified? (ask your CA; many accept only such devices)', signal)
}

/** By `devices`, in a process of its own: a vendor's module may hang. Undefined where none, or more than one, is found. */
async function findDevice(hsmType: HsmType, { output, signal }: CommandContext): Promise<string | undefined> {
  if (hsmType === 'FORTANIX' || hsmType === 'MARVELL_GOOGLE') return undefined
  output.progress(`Looking for ${hsmType} devices …`)
  const words = [...ownProgram(), 'devices', '--hsm-type', hsmType, '--json']
  const text = await new Promise<string>((done) => {
    execFile(process.execPath, words, { signal, timeout: 20_000, maxBuffer: 1 << 22 }, (_error, stdout) => done(stdout))
  })
  const devices = readDevices(text)
  for (const uri of devices) output.progress(`  found ${uri}`)
  return devices.length === 1 ? devices[0] : undefined
}

function readDevices(text: string): readonly string[] {
  try {
    const devices: unknown = jsonMember(JSON.parse(text), 'devices')
    if (!Array.isArray(devices)) return []
    return devices.flatMap((device: unknown) => {
      const uri = jsonMember(device, 'uri')
      return typeof uri === 'string' ? [uri] : []
    })
  } catch {
    return []
  }
}
