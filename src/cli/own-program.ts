import { isSea } from 'node:sea'

/** What follows the executable (`process.execPath`) where this program starts itself again. The single-file program is the executable. */
export function ownProgram(): readonly string[] {
  if (isSea()) return []
  const [, script] = process.argv
  if (script === undefined) throw new Error('hsm-enroll does not know its own file')
  return [...process.execArgv, script]
}
