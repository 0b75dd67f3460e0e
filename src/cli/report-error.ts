import { DeviceError } from '../../devices/device.ts'
import { EnrollError, EXIT, type ExitCode } from '../errors.ts'
import { FILE_FAULTS } from '../files/bounded-file.ts'
import { printable } from '../printable.ts'
import { withPathsOfPages } from './documentation.ts'
import type { Failure, Output } from './output.ts'

/** The one place that turns an error into a message and an exit code. */
export function reportError(
  error: unknown,
  output: Output,
  env: Readonly<Record<string, string | undefined>>,
): ExitCode {
  const known = failureOf(error)
  output.failure(known)
  tellError(known, output)
  if (env.HSM_ENROLL_DEBUG === '1' && error instanceof Error) output.error(String(error.stack))
  return known.exitCode
}

/** An error as a person reads it, on stderr. */
export function tellError(known: Failure, output: Output): void {
  output.error(`${output.style('red', 'error:', 'stderr')} ${printable(known.message)}`)
  if (known.remedy !== '') output.error(`Try: ${withPathsOfPages(printable(known.remedy))}`)
  output.error(output.style('dim', `(${known.code}, exit ${known.exitCode})`, 'stderr'))
}

/** What the URI or the profile says of a device is configuration, whoever finds it wrong. */
const exitCodeOfError = (error: EnrollError | DeviceError): ExitCode => {
  if (error instanceof EnrollError) return error.exitCode
  return error.code === 'device.uri' || error.code === 'device.settings' ? EXIT.usage : EXIT.device
}

/** Any error as code, cause, remedy and exit code. */
export function failureOf(error: unknown): Failure {
  if (error instanceof EnrollError) return error
  if (error instanceof DeviceError) {
    const { code, message, remedy } = error
    return {
      code,
      message: error.vendorCode === undefined ? message : `${message} [${error.vendorCode}]`,
      remedy,
      exitCode: exitCodeOfError(error),
    }
  }
  if (isOwnFileMissing(error)) return REPLACED
  const disk = diskFault(error)
  if (disk !== undefined) return disk
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return {
    code: 'defect',
    message: `Internal error: ${message}`,
    remedy:
      'Report it with the output of the same command under HSM_ENROLL_DEBUG=1. No order is ever repeated automatically; see `hsm-enroll runs list`.',
    exitCode: EXIT.defect,
  }
}

/** Of the program's own files, which are required by their names in its folder, or by a path in the words of the code cache. */
const isOwnFileMissing = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  error.code === 'MODULE_NOT_FOUND' &&
  /^Cannot find module '(?:\.|\/|[A-Za-z]:\\)/.test(error.message)

/** An agent or a broker ends with it, as only a new process has all of the new program. */
const REPLACED: Failure = {
  code: 'program.replaced',
  message: 'Could not continue: a file of hsm-enroll is missing. It was upgraded or removed while this command ran.',
  remedy:
    'Run the command again with the installed version; continue a run with `hsm-enroll runs resume RUN`: its journal has what it created.',
  exitCode: EXIT.defect,
}

/** What an operator's disk can do to us is no defect, and nothing that was journalled is lost by it. */
function diskFault(error: unknown) {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return undefined
  const code = String(error.code)
  const why = FILE_FAULTS[code]
  if (why === undefined) return undefined
  const path = 'path' in error ? String(error.path) : 'a file'
  return {
    code: 'disk',
    message: `Could not use ${path}: ${why}.`,
    remedy: `${FIRST[code] ?? 'Correct the path'}, then repeat the command; continue a run with \`hsm-enroll runs resume RUN\`: its journal has what it created.`,
    exitCode: EXIT.usage,
  }
}

/** What to do about a fault of a disk before anything else, where that is not the path. */
const FIRST: Readonly<Record<string, string>> = {
  EACCES: 'Correct the permissions or the path',
  EPERM: 'Correct the permissions or the path',
  ENOSPC: 'Free disk space',
  EDQUOT: 'Free disk space',
  EIO: 'Check the disk',
  EMFILE: 'Allow more open files (`ulimit -n`)',
  EROFS: 'Make the file system writable',
}
