import { join } from 'node:path'
import type { Configuration } from '../config/configuration.ts'
import { EnrollError } from '../errors.ts'
import { makeDirectory } from '../files/make-directory.ts'
import { withProcessLock } from '../files/process-lock.ts'
import { sha256Hex } from '../sha256-hex.ts'
import { abandonRun } from './abandon-run.ts'
import { type Exempt, refuseSecondRun } from './open-runs.ts'
import { marksOf, profileMarks, settingsOf } from './profile-marks.ts'
import type { Run } from './run.ts'
import type { EnrollmentServices } from './services.ts'

export interface ProfileToEnroll extends Exempt {
  /** A file, or what else the run is listed under. */
  readonly profile: string
  readonly test: boolean
  readonly configuration: Configuration
  readonly marks?: readonly string[]
}

/**
 * Begins a run of a profile as the only one. Two processes that begin at one moment both see no run of it, and each would generate a key
 * and pay for an order: so the profile is held by all that it is known by until `begin` ends, and looked at once it is held.
 * Throws what `refuseSecondRun` throws, and EnrollError `lock.held`.
 */
export async function beginOnlyRun<T>(
  services: EnrollmentServices,
  { profile, test, configuration, marks: known = [], ...exempt }: ProfileToEnroll,
  begin: () => Promise<T>,
): Promise<T> {
  const marks = [...new Set([...profileMarks(profile, settingsOf(configuration)), ...known])]
  const refuse = (): Promise<void> => refuseSecondRun(services, marks, test, exempt)
  const folder = join(services.stateDirectory, 'profiles')
  await makeDirectory(folder)
  const files = marks.map((mark) => join(folder, `${sha256Hex(mark).slice(0, 32)}${test ? '.test' : ''}`))
  let isHeld = false
  const hold = (left: readonly string[]): Promise<T> => {
    const [file, ...others] = left
    if (file !== undefined) return withProcessLock(file, `the profile ${profile}`, () => hold(others))
    isHeld = true
    return refuse().then(begin)
  }
  return hold(files).catch(async (error: unknown) => {
    // Whoever has the profile may have begun its run: that says more than which process it is.
    if (!isHeld && error instanceof EnrollError && error.code === 'lock.held') await refuse()
    throw error
  })
}

/**
 * Goes on with a run that stopped before it asked the device for a key. It stood in nobody's way, so that another of its profile may have
 * been begun since, and ordered: then this one is given up, and what `refuseSecondRun` says is thrown.
 */
export async function goOnAsOnlyRun<T>(run: Run, work: () => Promise<T>): Promise<T> {
  const { services, configuration, record } = run
  const { profile, test, renews, beside } = record
  if (profile === undefined) return work()
  let isOnly = false
  const begin = (): Promise<T> => {
    isOnly = true
    return work()
  }
  return beginOnlyRun(services, { profile, test, configuration, renews, beside, marks: marksOf(record) }, begin).catch(
    async (error: unknown) => {
      if (!isOnly && error instanceof EnrollError && HAS_ANOTHER.includes(error.code))
        await abandonRun(run, false, 'hsm-enroll: another run of the profile was begun')
      throw error
    },
  )
}

const HAS_ANOTHER: readonly string[] = ['run.open', 'run.completed']
