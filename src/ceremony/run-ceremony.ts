import { readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { watchPrograms } from '../../devices/run-program.ts'
import { spokenDigest } from '../bundle/spoken-digest.ts'
import { EnrollError, EXIT, type ExitCode } from '../errors.ts'
import { withProcessLock } from '../files/process-lock.ts'
import { sha256Hex } from '../sha256-hex.ts'
import { CEREMONY_FILES } from './ceremony-folder.ts'
import { CeremonyLog } from './ceremony-log.ts'
import { type CeremonyRun, moveRun } from './move-run.ts'
import { PROGRAMS_FILE, recordPrograms } from './record/program-record.ts'
import { recordTool } from './record/tool-record.ts'
import { DEVICE_FILES } from './record/watched-services.ts'
import {
  type CeremonyRole,
  type CeremonyScript,
  type CeremonyStep,
  readCeremonyScript,
} from './script/ceremony-script.ts'

export interface Person {
  readonly name: string
  readonly qualification?: string
}

/** What somebody says of a step. */
export interface Tick {
  readonly by: string
  /** What went otherwise than the script says. */
  readonly digressions: readonly string[]
  /** Photographs, logs: their hashes are recorded, not their content. */
  readonly attachments: readonly { readonly name: string; readonly sha256: string; readonly size: number }[]
}

/** Whoever answers: people at a terminal, or a file. */
export interface CeremonyDesk {
  readonly unattended: boolean
  show(text: string): void
  people(role: CeremonyRole): Promise<readonly Person[]>
  /** Throws EnrollError `ceremony.paused`. */
  tick(step: CeremonyStep, candidates: readonly string[]): Promise<Tick>
}

export interface CeremonyOptions extends CeremonyRun {
  /** `hsm-enroll 1.2.3` */
  readonly program: string
  readonly profile: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/**
 * Leads through the script of a folder, from where its log stands. Every step is on disk before the next; what the program does is the
 * ordinary run, which knows itself how far it came, so that nothing is done twice.
 *
 * @returns `EXIT.done` at the end; what the run ended with where it did not go on. Resume then.
 * @throws EnrollError `ceremony.…`, `lock.held`, and what the run throws; all of it is in the log first.
 */
export function runCeremony(folder: string, desk: CeremonyDesk, options: CeremonyOptions): Promise<ExitCode> {
  return withProcessLock(join(folder, 'lock'), `the ceremony ${basename(folder)}`, () =>
    watchPrograms(recordPrograms(join(folder, PROGRAMS_FILE)), () => lead(folder, desk, options)),
  )
}

async function lead(folder: string, desk: CeremonyDesk, options: CeremonyOptions): Promise<ExitCode> {
  const script = await readCeremonyScript(await readFile(join(folder, CEREMONY_FILES.script)))
  const log = CeremonyLog.open(join(folder, CEREMONY_FILES.log), options.services.now)
  await begin(folder, script, log, desk, options)
  for (const role of script.roles) await enter(role, log, desk)
  for (const step of script.steps) {
    if (log.all('step').some((done) => done.step === step.id)) continue
    const code = await perform(step, folder, script, log, desk, options)
    if (code !== EXIT.done) return code
  }
  if (log.last('ended') === undefined) {
    await recordFiles(folder, log)
    log.append({ type: 'ended' })
  }
  return EXIT.done
}

async function begin(
  folder: string,
  { title, sha256 }: CeremonyScript,
  log: CeremonyLog,
  desk: CeremonyDesk,
  { program, profile, test, env }: CeremonyOptions,
): Promise<void> {
  const begun = log.last('begun')
  if (begun !== undefined && begun.scriptSha256 !== sha256) {
    throw new EnrollError(
      'ceremony.damaged',
      `Could not continue: the script in ${folder} was changed since the ceremony began.`,
      {
        remedy: 'Restore it: its SHA-256 is in the log. Or begin another ceremony.',
      },
    )
  }
  if (begun === undefined) {
    const { record, sums } = await recordTool(program, env)
    await writeFile(join(folder, CEREMONY_FILES.toolFiles), sums, { mode: 0o600 })
    await writeFile(join(folder, CEREMONY_FILES.tool), `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 })
    log.append({ type: 'begun', title, scriptSha256: sha256, program, unattended: desk.unattended, profile, test })
  } else log.append({ type: 'resumed' })
  const tool = sha256Hex(await readFile(join(folder, CEREMONY_FILES.toolFiles)))
  desk.show(
    `${title}\nceremony  ${basename(folder)}\nscript    SHA-256 ${sha256}\ntool      ${program}, files SHA-256 ${tool}`,
  )
}

/** Names are entered once. One person, one role: who does something is not who watches it. */
async function enter(role: CeremonyRole, log: CeremonyLog, desk: CeremonyDesk): Promise<void> {
  if (log.all('person').some((person) => person.role === role.id)) return
  const people = await desk.people(role)
  const taken = new Set(log.all('person').map(({ name }) => name.toLowerCase()))
  if (people.length === 0) throw refused(`nobody takes the role "${role.id}"`)
  for (const { name, qualification } of people) {
    if (name.trim() === '' || name.length > 200)
      throw refused(`the role "${role.id}" has a name that is empty or too long`)
    if (taken.has(name.toLowerCase())) throw refused(`${name} takes two roles`)
    taken.add(name.toLowerCase())
    log.append({ type: 'person', role: role.id, name, ...(qualification === undefined ? {} : { qualification }) })
  }
}

async function perform(
  step: CeremonyStep,
  folder: string,
  script: CeremonyScript,
  log: CeremonyLog,
  desk: CeremonyDesk,
  options: CeremonyOptions,
): Promise<ExitCode> {
  const number = script.steps.indexOf(step) + 1
  desk.show(`\n${number}/${script.steps.length}  ${step.text}`)
  if (step.digest) {
    const sha256 = log.head
    const words = spokenDigest(sha256)
    log.append({ type: 'digest', step: step.id, sha256, words })
    desk.show(`  ${words}\n  ${sha256}`)
  }
  try {
    const candidates = log.all('person').flatMap(({ role, name }) => (role === step.by ? [name] : []))
    const { by, digressions, attachments } = await desk.tick(step, candidates)
    const moved = step.does === undefined ? undefined : await moveRun(step.does, folder, script, log, options)
    for (const text of digressions) log.append({ type: 'digression', step: step.id, by, text })
    for (const attachment of attachments) log.append({ type: 'attachment', step: step.id, ...attachment })
    if (moved !== undefined && moved.code !== EXIT.done) {
      log.append({ type: 'stopped', step: step.id, why: `the run is ${moved.state}` })
      return moved.code
    }
    const result = moved === undefined ? {} : { result: moved.state }
    log.append({ type: 'step', step: step.id, kind: step.kind, by, text: step.text, ...result })
    return EXIT.done
  } catch (error) {
    log.append({ type: 'stopped', step: step.id, why: error instanceof Error ? error.message : String(error) })
    throw error
  }
}

/** The other files of the folder are covered by the log from here on. */
async function recordFiles(folder: string, log: CeremonyLog): Promise<void> {
  for (const file of [
    CEREMONY_FILES.tool,
    CEREMONY_FILES.toolFiles,
    PROGRAMS_FILE,
    DEVICE_FILES.openings,
    DEVICE_FILES.log,
  ]) {
    const content = await readFile(join(folder, file)).catch(() => undefined)
    if (content !== undefined) log.append({ type: 'recorded', file, sha256: sha256Hex(content) })
  }
}

const refused = (why: string): EnrollError =>
  new EnrollError('ceremony.people', `Could not begin the ceremony: ${why}.`, {
    remedy: 'Assign at least one person to every role, and one role to every person.',
  })
