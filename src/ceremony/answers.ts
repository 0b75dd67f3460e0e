import { stat } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { EnrollError } from '../errors.ts'
import { fileFault } from '../files/bounded-file.ts'
import { jsonMember } from '../json-member.ts'
import { fileSha256 } from './record/tool-record.ts'
import type { CeremonyDesk, Person, Tick } from './run-ceremony.ts'

/**
 * A desk that answers from a file (YAML), for rehearsals in CI; the log says that nobody was asked. `people:` has a list of names for
 * each role; `steps:` may have a `note` and files to `attach` for a step. Throws EnrollError `ceremony.answers`.
 */
export async function answersDesk(
  file: string,
  bytes: Uint8Array,
  show: (text: string) => void,
): Promise<CeremonyDesk> {
  const { parse } = await import('yaml')
  let answers: unknown
  try {
    answers = parse(Buffer.from(bytes).toString('utf8'), { schema: 'failsafe', maxAliasCount: 10 })
  } catch (cause) {
    throw unreadable(file, 'it is not YAML', cause)
  }
  return {
    unattended: true,
    show,
    people: async ({ id }) => {
      const names = jsonMember(jsonMember(answers, 'people'), id)
      if (!Array.isArray(names)) throw unreadable(file, `"people" has no list for the role "${id}"`)
      return names.map((name): Person => ({ name: String(name) }))
    },
    tick: async ({ id }, candidates): Promise<Tick> => {
      const said = jsonMember(jsonMember(answers, 'steps'), id)
      const [note, attach] = [jsonMember(said, 'note'), jsonMember(said, 'attach')]
      const files = Array.isArray(attach) ? attach.map(String) : []
      return {
        by: candidates[0] ?? '',
        digressions: typeof note === 'string' ? [note] : [],
        attachments: await Promise.all(files.map((name) => readAttachment(resolve(dirname(file), name)))),
      }
    },
  }
}

/** Name, hash and size of a file; its content stays where it is. Throws EnrollError `input.unreadable`. */
export async function readAttachment(file: string): Promise<Tick['attachments'][number]> {
  try {
    const sha256 = await fileSha256(file)
    return { name: basename(file), sha256, size: (await stat(file)).size }
  } catch (cause) {
    throw new EnrollError('input.unreadable', `Could not read ${file}: ${fileFault(cause)}.`, {
      remedy: 'Check the path and the permissions.',
      cause,
    })
  }
}

const unreadable = (file: string, why: string, cause?: unknown): EnrollError =>
  new EnrollError('ceremony.answers', `Could not use ${file}: ${why}.`, {
    remedy: 'Write it as docs/ceremony.md shows.',
    cause,
  })
