import { resolve } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { readAttachment } from '../ceremony/answers.ts'
import type { CeremonyDesk, Person, Tick } from '../ceremony/run-ceremony.ts'
import { EnrollError } from '../errors.ts'
import type { CommandContext } from './command.ts'

const HELP = 'Enter: done · n TEXT: note a digression · a FILE: attach a file by its hash · p: pause'

/** The desk at a terminal: one person types what the others say. */
export function terminalDesk({ output, signal, cwd }: CommandContext): CeremonyDesk {
  const ask = async (question: string): Promise<string> => {
    const terminal = createInterface({ input: process.stdin, output: process.stderr })
    const ended = new Promise<never>((_, reject) => terminal.once('close', () => reject(paused())))
    try {
      return (await Promise.race([terminal.question(question, { signal }), ended])).trim()
    } catch (error) {
      if (error instanceof Error && error.name === 'AbortError') throw paused()
      throw error
    } finally {
      ended.catch(() => undefined)
      terminal.close()
    }
  }
  const choose = async (candidates: readonly string[]): Promise<string> => {
    const [only = ''] = candidates
    if (candidates.length < 2) return only
    const list = candidates.map((name, index) => `${index + 1} ${name}`).join(' · ')
    for (;;) {
      const name = candidates[Number(await ask(`  who ticks it? ${list}: `)) - 1]
      if (name !== undefined) return name
    }
  }
  return {
    unattended: false,
    show: (text) => output.progress(text),
    people: async ({ id, duty }) => {
      output.progress(
        `\nRole "${id}": ${duty}. One name a line, with a qualification after a comma if it has one; an empty line ends.`,
      )
      const people: Person[] = []
      for (;;) {
        const [name = '', ...rest] = (await ask(`  ${id} ${people.length + 1}: `)).split(',')
        if (name.trim() === '' && people.length > 0) return people
        const qualification = rest.join(',').trim()
        if (name.trim() !== '') people.push({ name: name.trim(), ...(qualification === '' ? {} : { qualification }) })
      }
    },
    tick: async (_step, candidates): Promise<Tick> => {
      const digressions: string[] = []
      const attachments: Tick['attachments'][number][] = []
      output.progress(`  ${HELP}`)
      for (;;) {
        const line = await ask(`  ${candidates.join(' / ')}> `)
        const [, letter, rest = ''] = /^([nap])(?: +(.*))?$/.exec(line) ?? []
        if (line === '') return { by: await choose(candidates), digressions, attachments }
        if (letter === 'p') throw paused()
        if (letter === 'n' && rest !== '') digressions.push(rest.slice(0, 2000))
        else if (letter === 'a' && rest !== '') {
          const attachment = await readAttachment(resolve(cwd, rest)).catch((error: unknown) => {
            if (!(error instanceof EnrollError)) throw error
            output.warn(error.message)
            return undefined
          })
          if (attachment === undefined) continue
          attachments.push(attachment)
          output.progress(`  ${attachment.name}: SHA-256 ${attachment.sha256}`)
        } else output.progress(`  ${HELP}`)
      }
    },
  }
}

const paused = (): EnrollError =>
  new EnrollError('ceremony.paused', 'The ceremony was paused.', {
    remedy: 'Resume it with `hsm-enroll ceremony resume`.',
  })
