import { execFile } from 'node:child_process'
import { DeviceError, type DiscoveredDevice, type Discovery } from '../../devices/device.ts'
import { withRemedy } from '../errors.ts'
import type { HsmType } from '../hsm-type.ts'
import { ownProgram } from './own-program.ts'

/** What a search found; `givenUp` where its process ended with an error or gave no answer, and the trail says why. */
export interface SearchEnd extends Discovery {
  readonly givenUp?: true
}

const DEADLINE_MS = 10_000
const MAX_OUTPUT = 4 * 1024 * 1024

/**
 * `devices` for one family in a process of its own: a module that waits for its HSM cannot be interrupted, and one that crashes takes
 * its process with it. Resolves in any case; the trail says what went wrong. Throws DeviceError `device.aborted`.
 */
export function searchInChild(hsmType: HsmType, signal: AbortSignal): Promise<SearchEnd> {
  const { execPath, argv } = process
  const again = [...ownProgram(), ...argv.slice(2), '--json', '--only', hsmType]
  const options = { signal, timeout: DEADLINE_MS, killSignal: 'SIGKILL', maxBuffer: MAX_OUTPUT } as const
  return new Promise((resolve, reject) => {
    execFile(execPath, again, options, (error, stdout) => {
      if (error?.name === 'AbortError') return reject(stopped(error))
      const answer = readAnswer(stdout, hsmType)
      if (answer !== undefined) return resolve(answer)
      const late = error?.killed === true
      const why = late
        ? `it gave no answer within ${DEADLINE_MS / 1000} s`
        : `it ended with ${error?.signal ?? `exit code ${error?.code}`}`
      const trail = [withRemedy(`The search was abandoned: ${why}`, late ? WAITING : CRASHED)]
      resolve({ devices: [], givenUp: true, trail })
    })
  })
}

const WAITING = "check with the vendor's tool that the device and its service answer."
const CRASHED = "check the module with the vendor's tool, or install another version of it."

const stopped = (cause: Error): DeviceError =>
  new DeviceError('device.aborted', 'Stopped while looking for devices.', { remedy: 'Run the command again.', cause })

/** What this program printed with `--json`: devices and trails, or an error. */
function readAnswer(stdout: string, hsmType: HsmType): SearchEnd | undefined {
  try {
    const { devices, trails, error } = JSON.parse(stdout) as {
      devices?: readonly DiscoveredDevice[]
      trails?: Readonly<Partial<Record<HsmType, readonly string[]>>>
      error?: { readonly message: string; readonly remedy: string }
    }
    if (error !== undefined) return { devices: [], givenUp: true, trail: [withRemedy(error.message, error.remedy)] }
    return devices === undefined ? undefined : { devices, trail: trails?.[hsmType] ?? [] }
  } catch {
    return undefined
  }
}
