import { join } from 'node:path'
import { makeDirectory } from '../files/make-directory.ts'
import { withProcessLock } from '../files/process-lock.ts'
import { sha256Hex } from '../sha256-hex.ts'
import { refuseSecondRun } from './open-runs.ts'

/**
 * Begins a run of a profile as the only one. Two processes that begin at one moment both see no run of it, and each would make a key
 * and pay for an order: so the profile is held until `begin` ends, and looked at again once it is held. Throws what
 * `refuseSecondRun` throws, and EnrollError `lock.held`.
 */
export async function beginOnlyRun<T>(
  {
    stateDirectory,
    profile,
    test,
  }: { readonly stateDirectory: string; readonly profile: string; readonly test: boolean },
  begin: () => Promise<T>,
): Promise<T> {
  const refuse = (): Promise<void> => refuseSecondRun(stateDirectory, profile, test, Date.now())
  await refuse()
  const folder = join(stateDirectory, 'profiles')
  await makeDirectory(folder)
  const name = sha256Hex(profile).slice(0, 32)
  return withProcessLock(join(folder, `${name}${test ? '.test' : ''}`), `the profile ${profile}`, async () => {
    await refuse()
    return begin()
  })
}
