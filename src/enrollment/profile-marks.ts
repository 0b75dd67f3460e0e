import { stat } from 'node:fs/promises'
import { readBoundedFile } from '../files/bounded-file.ts'
import { sha256Hex } from '../sha256-hex.ts'

/** No profile is longer; what is has its path and its file to be known by. */
const MAX_SIZE = 256 * 1024

/** The ledger keeps marks, and has little room for them. */
const LONGEST_PATH = 500

const pathMark = (path: string): string =>
  path.length <= LONGEST_PATH ? `path ${path}` : `path of SHA-256 ${sha256Hex(path)}`

/**
 * What a profile is known by, whatever name leads to it: its path, the file itself (a hard link is no other profile; the time of its
 * making, since a number of a file is given again) and its content (a checkout of a CI system has another path each time).
 */
export async function profileMarks(path: string): Promise<readonly string[]> {
  const marks = [pathMark(path)]
  try {
    const { dev, ino, birthtimeNs } = await stat(path, { bigint: true })
    marks.push(`file ${dev}:${ino}:${birthtimeNs}`)
    marks.push(`content ${sha256Hex(await readBoundedFile(path, MAX_SIZE))}`)
  } catch {
    // It was there when it was read as a profile; what is left to know it by is its path.
  }
  return marks
}

/** The marks of a run, one of an older journal included. */
export const marksOf = ({
  profile,
  profileMarks: marks = [],
}: {
  readonly profile?: string
  readonly profileMarks?: readonly string[]
}): readonly string[] => (profile === undefined ? marks : [pathMark(profile), ...marks])

/** Do two sets of marks speak of one profile? */
export const isSameProfile = (marks: readonly string[], others: readonly string[]): boolean =>
  marks.some((mark) => others.includes(mark))
