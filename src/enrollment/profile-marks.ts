import { statSync } from 'node:fs'
import type { Configuration } from '../config/configuration.ts'
import { settingByPath } from '../config/settings.ts'
import { sha256Hex } from '../sha256-hex.ts'

/** The ledger keeps marks, and has little room for them. */
const LONGEST_PATH = 500

type Settings = Readonly<Record<string, string | readonly string[]>>

const pathMark = (path: string): string =>
  path.length <= LONGEST_PATH ? `path ${path}` : `path of SHA-256 ${sha256Hex(path)}`

/**
 * What a profile is known by, whatever name leads to it: its path, the file itself (a hard link is no other profile; with the time of
 * its making, since the number of a file is given again), and what is enrolled (in a CI system its path is another one each time).
 */
export function profileMarks(path: string, settings: Settings): readonly string[] {
  return [pathMark(path), ...fileMark(path), contentMark(settings)]
}

function fileMark(path: string): readonly string[] {
  try {
    const file = statSync(path, { bigint: true, throwIfNoEntry: false })
    return file === undefined ? [] : [`file ${file.dev}:${file.ino}:${file.birthtimeNs}`]
  } catch {
    // It was there when it was read, or is no file; what is left to know it by is its path.
    return []
  }
}

/** The settings that say what is enrolled, and where: not those that name files and secrets, which a checkout has elsewhere. */
function contentMark(settings: Settings): string {
  const what = Object.entries(settings).filter(
    ([path]) => ENROLLED.test(path) && !ELSEWHERE.includes(settingByPath.get(path)?.type ?? 'text'),
  )
  return `content ${sha256Hex(JSON.stringify(what.sort(([a], [b]) => (a < b ? -1 : 1))))}`
}

const ENROLLED = /^(device|request|order)\.|^key\.algorithm$|^sectigo\.endpoint$/
const ELSEWHERE: readonly string[] = ['file', 'files', 'secret']

/** The values in force, by path; secrets by where they come from. */
export const settingsOf = ({ values }: Configuration): Settings =>
  Object.fromEntries([...values].map(([path, { value }]) => [path, value]))

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
