import { dirname, resolve } from 'node:path'
import type { Document } from 'yaml'
import { refuseKeysIn } from '../check/read/hidden-keys.ts'
import { didYouMeanHint } from '../did-you-mean.ts'
import { FileTooLarge, fileFault, readBoundedFile } from '../files/bounded-file.ts'
import { ConfigError } from './config-error.ts'
import { OPEN_SECTIONS, SETTINGS, type Setting, settingByPath } from './settings.ts'

const MAX_SIZE = 256 * 1024

/** A value as a file, the environment or a flag has it. */
export type RawValue = string | readonly string[]

export interface ConfigurationFile {
  readonly file: string
  /** Dotted path -> value; file names are absolute already. */
  readonly values: ReadonlyMap<string, RawValue>
}

/** Reads a YAML file of settings. Every scalar is text (YAML's failsafe schema). Throws ConfigError. */
export async function readConfigurationFile(file: string): Promise<ConfigurationFile> {
  const bytes = await readBoundedFile(file, MAX_SIZE).catch((cause: unknown) => {
    throw cause instanceof FileTooLarge
      ? new ConfigError('too-large', `Could not read ${file}: ${cause.message}.`, 'Specify a profile.')
      : new ConfigError(
          'unreadable',
          `Could not read ${file}: ${fileFault(cause)}.`,
          'Check the path and the permissions.',
          cause,
        )
  })
  // Before YAML is read, whose faults might show a line of it.
  refuseKeysIn(bytes, file)
  return { file, values: await parseConfiguration(decode(bytes, file), file) }
}

function decode(bytes: Uint8Array, file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new ConfigError('encoding', `Could not read ${file}: it is not UTF-8 text.`, 'Save it as UTF-8.', cause)
  }
}

async function parseConfiguration(text: string, file: string): Promise<ReadonlyMap<string, RawValue>> {
  const { parseDocument } = await import('yaml')
  const document = parseDocument(text, { schema: 'failsafe', uniqueKeys: true, stringKeys: true, prettyErrors: true })
  const fault = document.errors[0] ?? document.warnings[0]
  if (fault !== undefined) {
    const what = YAML_FAULTS[fault.code] ?? fault.message.split('\n')[0]?.replace(/:$/, '.')
    throw new ConfigError('yaml', `Could not read ${file}: ${what}`, 'Correct the YAML there.')
  }
  const values = new Map<string, RawValue>()
  const content = toPlain(document, file)
  if (content === null || content === '') return values
  if (typeof content !== 'object' || Array.isArray(content)) {
    throw new ConfigError(
      'value',
      `Could not use ${file}: it contains no settings.`,
      'Write sections with keys in them, such as "device:".',
    )
  }
  collect(content, '', file, values)
  return values
}

/** Where the YAML library speaks to programmers, or of its own stack. */
const YAML_FAULTS: Readonly<Record<string, string>> = {
  MULTIPLE_DOCS: 'it contains more than one document ("---").',
  NON_STRING_KEY: 'every key must be text.',
  RESOURCE_EXHAUSTION: 'it is nested too deeply.',
}

function toPlain(document: Document, file: string): unknown {
  try {
    return document.toJS({ maxAliasCount: 10 })
  } catch (cause) {
    throw new ConfigError('yaml', `Could not read ${file}: it has too many aliases.`, 'Write out the values.', cause)
  }
}

function collect(value: unknown, path: string, file: string, values: Map<string, RawValue>): void {
  const setting = settingByPath.get(path)
  if (typeof value === 'string') {
    if (isSection(path) && value !== '') throw notExpected(path, file, 'a section with keys')
    if (isSection(path)) return
    checkKnown(path, setting, file)
    // A lone file name is a list of one, commas and all.
    values.set(path, setting?.type === 'files' ? [located(setting, value, file)] : located(setting, value, file))
  } else if (Array.isArray(value)) {
    if (isSection(path)) throw notExpected(path, file, 'a section with keys')
    checkKnown(path, setting, file)
    if (!value.every((item): item is string => typeof item === 'string'))
      throw notExpected(path, file, 'a list of texts')
    values.set(
      path,
      value.map((item) => located(setting, item, file)),
    )
  } else if (typeof value === 'object' && value !== null && (path === '' || setting === undefined)) {
    checkSection(path, file)
    for (const [name, item] of Object.entries(value)) {
      const inner = path === '' ? name : `${path}.${name}`
      // A dot is how we write a path; in a file each section has keys of its own.
      if (name.includes('.')) throw unknownKey(inner, file)
      collect(item, inner, file, values)
    }
  } else throw notExpected(path, file, 'a text or a list of texts')
}

/** A relative file name in a file counts from that file. */
const located = (setting: Setting | undefined, value: string, file: string): string =>
  locatedValue(setting, value, dirname(file))

/** The file name in a value, or in the source of a secret, as an absolute one; a relative one counts from `folder`. */
export function locatedValue(setting: Setting | undefined, value: string, folder: string): string {
  if (setting?.type === 'file' || setting?.type === 'files') return resolve(folder, value)
  if (setting?.type !== 'secret' || !value.startsWith(SECRET_FILE) || value === SECRET_FILE) return value
  return `${SECRET_FILE}${resolve(folder, value.slice(SECRET_FILE.length))}`
}

const SECRET_FILE = 'file:'

const inOpenSection = (path: string): boolean =>
  OPEN_SECTIONS.some((section) => path.startsWith(`${section}.`) && path.split('.').length === 2)

function checkKnown(path: string, setting: Setting | undefined, file: string): void {
  if (setting !== undefined || inOpenSection(path)) return
  throw unknownKey(path, file)
}

const isSection = (path: string): boolean =>
  path === 'order' || SETTINGS.some((setting) => setting.path.startsWith(`${path}.`))

function checkSection(path: string, file: string): void {
  if (path === '' || isSection(path)) return
  throw unknownKey(path, file)
}

function unknownKey(path: string, file: string): ConfigError {
  const parent = path.includes('.') ? path.slice(0, path.lastIndexOf('.') + 1) : ''
  const siblings = [...SETTINGS.map((setting) => setting.path), 'order']
    .filter((candidate) => candidate.startsWith(parent))
    .map((candidate) => candidate.slice(parent.length).split('.')[0] ?? '')
  const hint = didYouMeanHint(path.slice(parent.length), [...new Set(siblings)])
  return new ConfigError(
    'unknown-key',
    `Unknown setting "${path}" in ${file}.${hint}`,
    'Correct the key; `hsm-enroll config check` lists them all.',
  )
}

const notExpected = (path: string, file: string, expected: string): ConfigError =>
  new ConfigError('value', `Invalid setting "${path}" in ${file}: it must be ${expected}.`, 'Correct the value.')
