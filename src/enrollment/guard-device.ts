import { type ChosenDevice, DeviceError, type DeviceGuard, type Login, parseDeviceUri } from '../../devices/device.ts'
import { LoginNotes } from '../../devices/lock/login-note.ts'
import { attemptName, deviceName, type FactBodies } from '../ledger/fact.ts'
import { noteAfter, noteOf, type Reluctance, reluctance } from './login-attempts.ts'
import type { Run } from './run.ts'

/** Of a login without a run (`doctor`): what the host notes of it keeps the next run from repeating it, and the next run it. */
export interface GuardedLogin {
  readonly configuration: Run['configuration']
  readonly services: Run['services']
  readonly ledger: Run['ledger']
}

type Attempt = FactBodies['attempt']

/** What a guard writes to, and how a device that is not the run's is refused. */
interface Watch extends GuardedLogin {
  readonly record: (subject: string, attempt: Attempt) => Promise<void>
  readonly chosen: (chosen: ChosenDevice) => Promise<void>
}

/** The same for a login that no run makes. Nothing is written but the note that all users of this host share. */
export const guardLogin = (login: GuardedLogin, notes: LoginNotes = new LoginNotes()): DeviceGuard =>
  watchDevice({ ...login, record: async () => undefined, chosen: async () => undefined }, notes)

/** Whose attempts those of a command without a run are. */
const NO_RUN = 'no-run'

/** The same for a command that works with the ledger and has no run (`keys list`): the ledger has its attempts, too. */
export const guardCommand = (login: GuardedLogin, notes: LoginNotes = new LoginNotes()): DeviceGuard =>
  watchDevice(
    {
      ...login,
      record: (subject, attempt) =>
        login.ledger.record({ kind: 'attempt', subject, run: NO_RUN, ...attempt }).catch(unlessForbidden),
      chosen: async () => undefined,
    },
    notes,
  )

/** Who may not write to the state folder may look at a device all the same: the note beside its lock has the attempt. */
function unlessForbidden(error: unknown): void {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code !== 'EACCES' && code !== 'EROFS' && code !== 'EPERM') throw error
}

/**
 * Keeps the secrets of a run for the device that it began with, and a wrong one from being sent again before a person has looked: in
 * this process, after it, and by other users of this host.
 */
export const guardDevice = (run: Run, notes: LoginNotes = new LoginNotes()): DeviceGuard =>
  watchDevice(
    {
      configuration: run.configuration,
      services: run.services,
      ledger: run.ledger,
      record: (subject, attempt) => run.ledger.record({ kind: 'attempt', subject, run: run.id, ...attempt }),
      chosen: (chosen) => keepDevice(run, chosen),
    },
    notes,
  )

function watchDevice(watch: Watch, notes: LoginNotes): DeviceGuard {
  let device: ChosenDevice | undefined
  const subjectOf = ({ secret, name }: Login): string => {
    if (device === undefined) throw new Error('a login before a device was chosen')
    return attemptName(deviceName(device.hsmType, device.serial ?? device.subject), `${secret} (${name})`)
  }
  const record = async (subject: string, attempt: Attempt): Promise<void> => {
    await watch.record(subject, attempt)
    notes.write(subject, noteAfter(notes.read(subject) ?? { outcome: 'right', unheard: 0 }, attempt.outcome))
  }
  return {
    chosen: async (chosen) => {
      device = chosen
      await watch.chosen(chosen)
    },
    beforeLogin: async (login) => {
      const subject = subjectOf(login)
      const history = await watch.ledger.history('attempt', subject)
      const ours = reluctance(noteOf(history.map(({ outcome }) => outcome)))
      const noted = notes.read(subject)
      const why = ours ?? (noted === undefined ? undefined : reluctance(noted))
      if (why !== undefined && watch.services.tryPinAgain !== true && !isAsked(watch, login))
        throw notAgain(device?.subject ?? '', login, why)
      if (why !== undefined) await record(subject, { outcome: 'allowed' })
      await record(subject, { outcome: 'sent' })
    },
    afterLogin: (login, outcome, triesLeft) =>
      record(subjectOf(login), { outcome, ...(triesLeft === undefined ? {} : { triesLeft }) }),
  }
}

/** Journals the device that the run begins with, and refuses any other. One without a serial number is told by its name alone. */
async function keepDevice(run: Run, { hsmType, serial, subject }: ChosenDevice): Promise<void> {
  if (serial === undefined) return
  const name = deviceName(hsmType, serial)
  const first = run.record.deviceName
  if (first === undefined) {
    await run.log({ type: 'device-chosen', deviceName: name })
  } else if (first !== name) {
    throw new DeviceError(
      'device.other',
      `Did not log in to ${subject}: the run ${run.id} started with ${first}, but this is ${name}.`,
      { remedy: `Attach ${first}, or start a new run with the attached device.` },
    )
  }
}

/** A person who types a PIN at the terminal looks at it. */
function isAsked({ configuration, services }: GuardedLogin, { secret }: Login): boolean {
  const source = configuration.text(`device.secrets.${secret}`)
  if (services.reading.prompt === undefined || (source !== undefined && source !== 'prompt')) return false
  return secret !== 'pin' || !parseDeviceUri(configuration.required('device.uri')).query.has('pin-source')
}

function notAgain(subject: string, { name }: Login, why: Reluctance): DeviceError {
  const reason =
    why === 'wrong'
      ? 'the last one sent was wrong, and nobody has confirmed since that it is right'
      : 'the last two logins were interrupted before the device answered, and both may have been wrong'
  return new DeviceError('pin.wrong-before', `Did not send the ${name} to ${subject}: ${reason}.`, {
    remedy: `Check that its source contains the right ${name}, then repeat the command with --try-pin-again.`,
  })
}
