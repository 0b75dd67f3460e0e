import { join } from 'node:path'
import { makeDirectory } from '../files/make-directory.ts'
import { withProcessLock } from '../files/process-lock.ts'
import { sha256Hex } from '../sha256-hex.ts'
import { refuseBesideUnknown, refuseSecondRun } from './open-runs.ts'
import { profileMarks } from './profile-marks.ts'
import type { EnrollmentServices } from './services.ts'

export interface ProfileToEnroll {
  /** A file, or what else the run is listed under. */
  readonly profile: string
  readonly test: boolean
  /** Begin although a run of this profile is unfinished, or its paid certificate is good. */
  readonly another: boolean
}

/**
 * Begins a run of a profile as the only one. Two processes that begin at one moment both see no run of it, and each would generate a key
 * and pay for an order: so the profile is held by all that it is known by until `begin` ends, and looked at again once it is held.
 * Throws what `refuseSecondRun` and `refuseBesideUnknown` throw, and EnrollError `lock.held`.
 */
export async function beginOnlyRun<T>(
  services: EnrollmentServices,
  { profile, test, another }: ProfileToEnroll,
  begin: () => Promise<T>,
): Promise<T> {
  const marks = await profileMarks(profile)
  if (another) {
    await refuseBesideUnknown(services, marks)
    return begin()
  }
  const refuse = (): Promise<void> => refuseSecondRun(services, marks, test)
  await refuse()
  const folder = join(services.stateDirectory, 'profiles')
  await makeDirectory(folder)
  const files = marks.map((mark) => join(folder, `${sha256Hex(mark).slice(0, 32)}${test ? '.test' : ''}`))
  const hold = (left: readonly string[]): Promise<T> => {
    const [file, ...others] = left
    if (file !== undefined) return withProcessLock(file, `the profile ${profile}`, () => hold(others))
    return refuse().then(begin)
  }
  return hold(files)
}
