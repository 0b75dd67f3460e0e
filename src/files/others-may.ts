import { stat } from 'node:fs/promises'

const OTHERS_READ = 0o004
const OTHERS_WRITE = 0o002
const GROUP_WRITE = 0o020

/**
 * May other users read a file, or change it or what is in a folder? Answers with its mode ("mode 0777"); undefined where they may not,
 * where nothing is there, and on Windows, whose files have no such mode. A group that may read was given that right on purpose.
 */
export async function othersMay(what: 'read' | 'write', path: string): Promise<string | undefined> {
  if (process.platform === 'win32') return undefined
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) return undefined
  const bits = what === 'write' ? OTHERS_WRITE | GROUP_WRITE : OTHERS_READ | OTHERS_WRITE | GROUP_WRITE
  if ((found.mode & bits) === 0) return undefined
  return `mode 0${(found.mode & 0o777).toString(8).padStart(3, '0')}`
}
