import { DeviceError } from '../../devices/device.ts'
import { EnrollError, EXIT, type ExitCode } from '../errors.ts'
import { printable } from '../printable.ts'
import type { Output } from './output.ts'

/** The one place that turns an error into a message and an exit code. */
export function reportError(
  error: unknown,
  output: Output,
  env: Readonly<Record<string, string | undefined>>,
): ExitCode {
  const known = explain(error)
  if (output.json)
    output.result(
      { error: { code: known.code, message: known.message, remedy: known.remedy, exitCode: known.exitCode } },
      () => '',
    )
  output.error(`${output.style('red', 'error:', 'stderr')} ${printable(known.message)}`)
  if (known.remedy !== '') output.error(`Try: ${printable(known.remedy)}`)
  output.error(output.style('dim', `(${known.code}, exit ${known.exitCode})`, 'stderr'))
  if (env.HSM_ENROLL_DEBUG === '1' && error instanceof Error) output.error(String(error.stack))
  return known.exitCode
}

function explain(error: unknown): {
  readonly code: string
  readonly message: string
  readonly remedy: string
  readonly exitCode: ExitCode
} {
  if (error instanceof EnrollError) return error
  if (error instanceof DeviceError) {
    const { code, message, remedy } = error
    return {
      code,
      message: error.vendorCode === undefined ? message : `${message} [${error.vendorCode}]`,
      remedy,
      exitCode: EXIT.device,
    }
  }
  const disk = diskFault(error)
  if (disk !== undefined) return disk
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
  return {
    code: 'defect',
    message: `Something went wrong that should not: ${message}`,
    remedy:
      'Report it with the output of the same command under HSM_ENROLL_DEBUG=1. No order is ever repeated by itself; see `hsm-enroll runs list`.',
    exitCode: EXIT.defect,
  }
}

/** What an operator's disk can do to us. It is no defect, and nothing that was journalled is lost by it. */
const DISK_FAULTS: Readonly<Record<string, string>> = {
  ENOSPC: 'no space is left',
  EDQUOT: 'the quota is used up',
  EROFS: 'the file system is read-only',
  EACCES: 'permission is denied',
  EPERM: 'it is not permitted',
  ENOTDIR: 'a part of the path is no folder',
  ENOENT: 'there is no such file or folder',
  EISDIR: 'it is a folder',
  EIO: 'the disk reports an error',
  ENAMETOOLONG: 'the name is too long',
}

function diskFault(error: unknown) {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return undefined
  const why = DISK_FAULTS[String(error.code)]
  if (why === undefined) return undefined
  const path = 'path' in error ? String(error.path) : 'a file'
  return {
    code: 'disk',
    message: `Could not use ${path}: ${why}.`,
    remedy: 'Make room or correct the path, then go on with `hsm-enroll runs resume`; what was made is in the journal.',
    exitCode: EXIT.usage,
  }
}
