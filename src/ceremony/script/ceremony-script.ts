import { EnrollError } from '../../errors.ts'
import { jsonMember } from '../../json-member.ts'
import { sha256Hex } from '../../sha256-hex.ts'

/** said: read aloud. program: hsm-enroll does it. hand: a person does it. witnessed: others confirm what they saw. */
const STEP_KINDS = ['said', 'program', 'hand', 'witnessed'] as const
export type StepKind = (typeof STEP_KINDS)[number]

/** What the program does in a step: as far as it takes the run. */
const ACTIONS = ['generate', 'request', 'attest', 'check', 'order'] as const
export type StepAction = (typeof ACTIONS)[number]

export interface CeremonyStep {
  readonly id: string
  readonly kind: StepKind
  /** The role that ticks it. */
  readonly by: string
  readonly text: string
  readonly does?: StepAction
  /** The digest of everything so far is read aloud and compared. */
  readonly digest: boolean
}

export interface CeremonyRole {
  readonly id: string
  /** What the person is there for. */
  readonly duty: string
}

export interface CeremonyScript {
  readonly title: string
  /** Is the last digest of the device's own log signed with the new key? Only where the device has a log. */
  readonly signDeviceLog: boolean
  readonly roles: readonly CeremonyRole[]
  readonly steps: readonly CeremonyStep[]
  /** Of the file, byte for byte. */
  readonly sha256: string
}

const NAME = /^[a-z][a-z0-9-]{0,39}$/
const MAX_TEXT = 2000

/** Reads a script (YAML). The program's actions must be there, each once, in their order. Throws EnrollError `ceremony.script`. */
export async function readCeremonyScript(bytes: Uint8Array): Promise<CeremonyScript> {
  const { parseDocument } = await import('yaml')
  let root: unknown
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    const document = parseDocument(text, { schema: 'failsafe', uniqueKeys: true, stringKeys: true })
    const [fault] = document.errors
    if (fault !== undefined) throw fault
    root = document.toJS({ maxAliasCount: 10 })
  } catch (cause) {
    throw fault('it is not YAML in UTF-8', cause)
  }
  members(root, 'the script', ['ceremony', 'title', 'sign-device-log', 'roles', 'steps'])
  if (jsonMember(root, 'ceremony') !== '1') throw fault('"ceremony: 1" is missing')
  const roles = list(jsonMember(root, 'roles'), 'roles').map(readRole)
  const steps = list(jsonMember(root, 'steps'), 'steps').map((step) => readStep(step, roles))
  const twice = [...roles, ...steps].find(({ id }, index, all) => all.findIndex((other) => other.id === id) !== index)
  if (twice !== undefined) throw fault(`"${twice.id}" occurs twice`)
  requireActions(steps)
  return {
    title: textOf(root, 'title', 'the script'),
    signDeviceLog: yes(root, 'sign-device-log', 'the script'),
    roles,
    steps,
    sha256: sha256Hex(bytes),
  }
}

function readRole(item: unknown): CeremonyRole {
  members(item, 'a role', ['id', 'duty'])
  return { id: nameOf(item, 'a role'), duty: textOf(item, 'duty', 'a role') }
}

function readStep(item: unknown, roles: readonly CeremonyRole[]): CeremonyStep {
  const id = nameOf(item, 'a step')
  const what = `the step "${id}"`
  members(item, what, ['id', 'kind', 'by', 'text', 'does', 'digest'])
  const kind = STEP_KINDS.find((name) => name === jsonMember(item, 'kind'))
  if (kind === undefined) throw fault(`${what} has none of the kinds ${STEP_KINDS.join(', ')}`)
  const by = textOf(item, 'by', what)
  if (!roles.some((role) => role.id === by)) throw fault(`${what} is by "${by}", which is not a role`)
  const does = ACTIONS.find((name) => name === jsonMember(item, 'does'))
  if ((kind === 'program') !== (does !== undefined) || (does === undefined && jsonMember(item, 'does') !== undefined))
    throw fault(`${what}: steps of the kind "program", and no others, have "does": ${ACTIONS.join(', ')}`)
  const step = { id, kind, by, text: textOf(item, 'text', what), digest: yes(item, 'digest', what) }
  return does === undefined ? step : { ...step, does }
}

/** Nothing of the run happens outside a step, and nothing twice. */
function requireActions(steps: readonly CeremonyStep[]): void {
  const actions = steps.flatMap(({ does }) => (does === undefined ? [] : [does]))
  if (actions.join() !== ACTIONS.slice(0, actions.length).join() || !actions.includes('check'))
    throw fault(`its program steps must do ${ACTIONS.join(', ')} in this order; "order" may be left out`)
}

function members(value: unknown, what: string, known: readonly string[]): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw fault(`${what} is not a section`)
  const unknown = Object.keys(value).find((name) => !known.includes(name))
  if (unknown !== undefined) throw fault(`${what} has the unknown key "${unknown.slice(0, 40)}"`)
}

function list(value: unknown, name: string): readonly unknown[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > 100)
    throw fault(`"${name}" must be a list of 1 to 100`)
  return value
}

function textOf(value: unknown, name: string, what: string): string {
  const text = jsonMember(value, name)
  if (typeof text !== 'string' || text.trim() === '' || text.length > MAX_TEXT) throw fault(`${what} has no "${name}"`)
  return text.trim()
}

function nameOf(value: unknown, what: string): string {
  const id = textOf(value, 'id', what)
  if (!NAME.test(id)) throw fault(`"${id.slice(0, 60)}" is not an id: use lower-case letters, digits and hyphens`)
  return id
}

function yes(value: unknown, name: string, what: string): boolean {
  const answer = jsonMember(value, name) ?? 'no'
  if (answer !== 'yes' && answer !== 'no') throw fault(`"${name}" of ${what} is neither yes nor no`)
  return answer === 'yes'
}

const fault = (why: string, cause?: unknown): EnrollError =>
  new EnrollError('ceremony.script', `Could not read the script: ${why}.`, {
    remedy: 'Start from a template: `hsm-enroll ceremony template yubikey`.',
    cause,
  })
