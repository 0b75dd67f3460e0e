import type { Options, PositionalOptions } from 'yargs'
import { VERSION } from '../version.ts'
import type { Command, CommandGroup } from './command.ts'
import { COMMANDS } from './commands.ts'

/** hsm-enroll(1) in man(7) macros: every command with its arguments and options, from the table that the program parses by. */
export function manPage(): string {
  return [
    `.TH HSM-ENROLL 1 "" "hsm-enroll ${VERSION}" "User Commands"`,
    '.SH NAME',
    `hsm-enroll \\- ${text('enrol document-signing keys that are held in hardware')}`,
    '.SH SYNOPSIS',
    '.B hsm-enroll',
    '.I command',
    text('[option ...]'),
    '.SH DESCRIPTION',
    text(
      'Generates a non-exportable key pair on a device, has the device sign the certificate request, exports and verifies the key attestation, orders from Sectigo, follows the order, and puts the certificate back on the device.',
    ),
    '.PP',
    text('Every command also takes --json, --quiet, --no-input, --help and --version.'),
    '.SH COMMANDS',
    ...COMMANDS.flatMap((entry) => ('commands' in entry ? group(entry) : command(entry, ''))),
    '.SH "EXIT STATUS"',
    ...EXIT_STATUS.flatMap(([code, meaning]) => ['.TP', `.B ${code}`, text(meaning)]),
    '.SH ENVIRONMENT',
    ...ENVIRONMENT.flatMap(([name, meaning]) => ['.TP', `.B ${name}`, text(meaning)]),
    '',
  ].join('\n')
}

const group = ({ name, commands }: CommandGroup): readonly string[] =>
  commands.flatMap((entry) => command(entry, `${name} `))

function command({ command: form, summary, positionals = {}, options = {}, examples = [] }: Command, group: string) {
  return [
    `.SS "${quoted(`${group}${form}`)}"`,
    text(`${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`),
    ...Object.entries(positionals).flatMap(([name, positional]) => ['.TP', `.I ${text(name)}`, describe(positional)]),
    ...Object.entries(options).flatMap(([name, option]) => ['.TP', `.B ${optionForm(name, option)}`, describe(option)]),
    ...examples.flatMap(([line, what]) => [
      '.PP',
      text(`${what.charAt(0).toUpperCase()}${what.slice(1)}:`),
      '.PP',
      '.nf',
      `.RS`,
      text(line.replace('$0', 'hsm-enroll')),
      '.RE',
      '.fi',
    ]),
  ]
}

/** `--before`, `-y, --yes`, with what it takes. */
function optionForm(name: string, { alias, type }: Options): string {
  const short = [alias].flat().filter((each): each is string => typeof each === 'string' && each.length === 1)
  const names = [...short.map((letter) => `-${letter}`), `--${name}`].join(', ')
  return `${text(names)}${type === 'boolean' ? '' : ` \\fI${type === 'number' ? 'number' : 'value'}\\fR`}`
}

function describe({ describe: what = '', choices, default: preset }: Options | PositionalOptions): string {
  const among = choices === undefined ? '' : ` One of: ${choices.join(', ')}.`
  const value = preset === undefined ? '' : ` Default: ${String(preset)}.`
  return text(`${what.charAt(0).toUpperCase()}${what.slice(1)}.${among}${value}`)
}

/** man(7): a backslash and a hyphen that is meant are escaped, and no line begins a request by accident. */
const text = (words: string): string =>
  words
    .replaceAll('\\', '\\e')
    .replaceAll('-', '\\-')
    .replace(/^([.'])/, '\\&$1')
const quoted = (words: string): string => text(words).replaceAll('"', '\\(dq')

// biome-ignore format: a table
const EXIT_STATUS: readonly (readonly [string, string])[] = [
  ['0', 'Done.'],
  ['1', 'A check refused it. Nothing was sent.'],
  ['2', 'Usage or configuration.'],
  ['3', 'The device.'],
  ['4', 'The CA refused, or was not reached.'],
  ['5', 'The outcome is unknown. A person must look.'],
  ['6', 'Not issued yet.'],
  ['7', 'A renewal has begun (renew).'],
  ['8', 'A person must act (renew).'],
  ['70', 'A defect of hsm-enroll.'],
]

// biome-ignore format: a table
const ENVIRONMENT: readonly (readonly [string, string])[] = [
  ['HSM_ENROLL_…', 'A setting of the profile, in capitals: HSM_ENROLL_DEVICE_URI is device.uri.'],
  ['STATE_DIRECTORY', 'Where runs are kept: set by systemd (StateDirectory=). Without it XDG_STATE_HOME counts.'],
  ['CONFIGURATION_DIRECTORY', 'Where config.yaml and the folder profiles are looked for: set by systemd.'],
  ['CREDENTIALS_DIRECTORY', 'Where the sources credential:NAME are read: set by systemd (LoadCredential=).'],
]
