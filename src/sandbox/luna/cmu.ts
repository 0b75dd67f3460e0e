/**
 * Plays `cmu`, the Certificate Management Utility of the Luna client, against the virtual partition: `list`,
 * `getattribute`, `getpkc`. Its options and lines are those of published transcripts; its exit codes are not documented,
 * so 0 and 1 are this stand-in's own.
 */
import { writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { LUNA_CKA } from '../../../devices/luna/luna-constants.ts'
import { CKA, CKK, CKO } from '../../../devices/pkcs11/pkcs11-constants.ts'
import { TokenControl } from '../pkcs11-token/control-client.ts'
import type { ObjectView } from '../pkcs11-token/control-protocol.ts'
import { ulongFromMemory } from '../pkcs11-token/rpc-bytes.ts'

export const cmuUrl = import.meta.url

const BANNER = 'Certificate Management Utility (64-bit) v10.7.0-0. Copyright (c) sandbox stand-in.'

/** Option names are case-insensitive and come as `-name=value` or `-name value`. */
function readOptions(args: readonly string[]): ReadonlyMap<string, string> {
  const options = new Map<string, string>()
  for (let i = 0; i < args.length; i++) {
    const [, name = '', value] = /^-+([a-z]+)(?:=(.*))?$/i.exec(args[i] ?? '') ?? []
    const next = args[i + 1]
    if (value === undefined && next !== undefined && !next.startsWith('-')) {
      options.set(name.toLowerCase(), next)
      i++
    } else options.set(name.toLowerCase(), value ?? '')
  }
  return options
}

/** Prompts where a value is missing, as the utility does. */
class Prompter {
  readonly #lines: AsyncIterator<string>
  readonly #reader = createInterface({ input: process.stdin })

  constructor() {
    this.#lines = this.#reader[Symbol.asyncIterator]()
  }

  async ask(text: string): Promise<string> {
    process.stdout.write(text)
    const { value, done } = await this.#lines.next()
    process.stdout.write('\n')
    return done ? '' : String(value)
  }

  close(): void {
    this.#reader.close()
  }
}

const attribute = (object: ObjectView, type: number): Buffer | undefined => {
  const value = object.attributes[type.toString(16)]
  return value === undefined ? undefined : Buffer.from(value, 'base64')
}

const numeric = (object: ObjectView, type: number): number =>
  Number(ulongFromMemory(attribute(object, type) ?? Buffer.alloc(0)))

/** `args` without the program's name; returns the exit code. */
export async function runCmu(args: readonly string[], controlPath: string): Promise<number> {
  const [command = '', ...rest] = args
  const options = readOptions(rest)
  const prompter = new Prompter()
  const control = new TokenControl(controlPath)
  process.stdout.write(`${BANNER}\n\n`)
  try {
    const run = COMMANDS[command.toLowerCase()]
    if (run === undefined) return fail(`"${command}" is not a command of this stand-in`)
    const password =
      options.get('password') ??
      (await prompter.ask(`Please enter password for token in slot ${options.get('slot') ?? '0'} : `))
    const { returnValue } = await control.request({
      do: 'check-pin',
      slot: Number(options.get('slot') ?? '0'),
      pin: password,
    })
    if (returnValue !== 0) return fail(`C_Login returned 0x${(returnValue ?? 5).toString(16)}`)
    return await run(options, await control.objects(), prompter)
  } finally {
    prompter.close()
  }
}

function fail(why: string): number {
  process.stdout.write(`Error: ${why}\n`)
  return 1
}

type Command = (
  options: ReadonlyMap<string, string>,
  objects: readonly ObjectView[],
  prompter: Prompter,
) => number | Promise<number>

const CLASS_NAMES: Readonly<Record<number, string>> = {
  [CKO.DATA]: 'data',
  [CKO.CERTIFICATE]: 'certificate',
  [CKO.PUBLIC_KEY]: 'public',
  [CKO.PRIVATE_KEY]: 'private',
}

const list: Command = (options, objects) => {
  const display = (options.get('display') ?? 'handle,label').split(',')
  for (const object of objects) {
    const label = attribute(object, CKA.LABEL)?.toString('utf8') ?? ''
    if (options.has('label') && options.get('label') !== label) continue
    if (options.has('class') && options.get('class') !== CLASS_NAMES[numeric(object, CKA.CLASS)]) continue
    const columns: Readonly<Record<string, string>> = {
      handle: `handle=${object.handle}`,
      ouid: `ouid=${attribute(object, LUNA_CKA.OUID)?.toString('hex') ?? ''}`,
      label: `label=${label}`,
      class: `class=${CLASS_NAMES[numeric(object, CKA.CLASS)] ?? ''}`,
      keytype: `keyType=${numeric(object, CKA.KEY_TYPE) === CKK.RSA ? 'RSA' : 'ECDSA'}`,
    }
    process.stdout.write(`${display.flatMap((name) => columns[name.trim().toLowerCase()] ?? []).join('\t')}\n`)
  }
  return 0
}

function select(options: ReadonlyMap<string, string>, objects: readonly ObjectView[]): ObjectView | undefined {
  const ouid = options.get('ouid')?.toLowerCase()
  if (ouid !== undefined) return objects.find((object) => attribute(object, LUNA_CKA.OUID)?.toString('hex') === ouid)
  return objects.find((object) => String(object.handle) === options.get('handle'))
}

const getpkc: Command = async (options, objects, prompter) => {
  const chosen = new Map(options)
  if (!chosen.has('handle') && !chosen.has('ouid')) chosen.set('handle', await prompter.ask('Enter the key handle : '))
  const object = select(chosen, objects)
  if (object === undefined) return fail('no such object')
  const isEc = numeric(object, CKA.KEY_TYPE) === CKK.EC
  const type = isEc
    ? '2'
    : (chosen.get('pkctype') ?? (await prompter.ask('Enter the PKC type [1] TC-Trust [2] CITS : ')))
  const source = isEc ? LUNA_CKA.PKC_ECC : type === '1' ? LUNA_CKA.PKC_TCTRUST : LUNA_CKA.PKC_CITS
  const stored = object.evidence === undefined ? undefined : Buffer.from(object.evidence, 'base64')
  const confirmation = attribute(object, source) ?? stored
  if (confirmation === undefined) return fail('this object has no public key confirmation')
  const file = chosen.get('outputfile') ?? (await prompter.ask('Enter the output file name : '))
  await writeFile(file, confirmation)
  return 0
}

const getattribute: Command = (options, objects) => {
  const object = select(options, objects)
  if (object === undefined) return fail('no such object')
  const line = (name: string, type: number, print: (value: Buffer) => string): void => {
    const value = attribute(object, type)
    if (value !== undefined) process.stdout.write(`${name}=${print(value)}\n`)
  }
  const truth = (value: Buffer): string => (value[0] === 0 ? 'FALSE' : 'TRUE')
  const hex = (value: Buffer): string => value.toString('hex')
  line('class', CKA.CLASS, () => `${CLASS_NAMES[numeric(object, CKA.CLASS)] ?? ''}Key`)
  line('token', CKA.TOKEN, truth)
  line('private', CKA.PRIVATE, truth)
  line('label', CKA.LABEL, (value) => value.toString('utf8'))
  line('keytype', CKA.KEY_TYPE, () => (numeric(object, CKA.KEY_TYPE) === CKK.RSA ? 'RSA' : 'ECDSA'))
  line('id', CKA.ID, hex)
  line('sensitive', CKA.SENSITIVE, truth)
  line('sign', CKA.SIGN, truth)
  line('modulus', CKA.MODULUS, hex)
  line('publicexponent', CKA.PUBLIC_EXPONENT, hex)
  line('extractable', CKA.EXTRACTABLE, truth)
  line('local', CKA.LOCAL, truth)
  line('neverextractable', CKA.NEVER_EXTRACTABLE, truth)
  line('alwayssensitive', CKA.ALWAYS_SENSITIVE, truth)
  line('modifiable', CKA.MODIFIABLE, truth)
  return 0
}

const COMMANDS: Readonly<Record<string, Command>> = { list, getattribute, getpkc }
