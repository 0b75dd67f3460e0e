/** The command lines of other programs that documentation and messages show, with their options; and how a program is asked which it has. */

import { blocksIn } from './named-commands.ts'

/** What follows `program` to have its help printed. `words`: those of the command line before its first option. */
// biome-ignore format: a table
export const HELP: Readonly<Record<string, (words: readonly string[]) => readonly string[]>> = {
  certtool: () => ['--help'],
  curl: () => ['--help', 'all'],
  minisign: () => [],
  openssl: ([command = '']) => [command, '-help'],
  'ssh-keygen': () => ['-?'],
  systemctl: () => ['--help'],
  'systemd-ask-password': () => ['--help'],
  'systemd-creds': () => ['--help'],
  'systemd-tmpfiles': () => ['--help'],
  ykman: (words) => [...words.filter((word) => /^[a-z][a-z-]+$/.test(word)), '--help'],
  'yubico-piv-tool': () => ['--help'],
}

export interface CommandLine {
  readonly program: string
  readonly words: readonly string[]
  readonly options: readonly string[]
}

/** What stands in code: fenced blocks of a page with lines joined that continue, and what is between backticks in a line. */
function codeIn(text: string): readonly string[] {
  const blocks = blocksIn(text).map((code) => code.replace(/\\\n\s*/g, ' '))
  const rest = text.replace(/```[\s\S]*?```/g, '')
  const inline = [...rest.matchAll(/\\?`([^`\n\\]+)\\?`/g)].map(([, code = '']) => code)
  return [...blocks.flatMap((code) => code.split('\n')), ...inline]
}

/** Those of the programs of HELP, each part of a pipe by itself. */
export function commandLinesIn(text: string): readonly CommandLine[] {
  const parts = codeIn(text).flatMap((line) => line.split(/ \| | && |; |\$\(|<\(| # /))
  return parts.flatMap((part) => {
    const [program = '', ...rest] = part
      .trim()
      .replace(/^sudo /, '')
      .split(/\s+/)
    if (!Object.hasOwn(HELP, program)) return []
    const first = rest.findIndex((word) => word.startsWith('-'))
    const words = first === -1 ? rest : rest.slice(0, first)
    const options = rest.filter((word) => /^--?[A-Za-z]/.test(word)).map((word) => word.replace(/[=)].*$/s, ''))
    return [{ program, words, options }]
  })
}

/** Does the help show the option? Letters that stand together are options of their own where the word is none. */
export function shows(help: string, option: string): boolean {
  const has = (each: string): boolean => new RegExp(`(?<![\\w-])${each}(?![\\w-])`).test(help)
  if (has(option)) return true
  // `openssl dgst -help`: "-*  Any supported digest".
  if (/^ -\* /m.test(help) && /^-sha(?:1|256|384|512)$/.test(option)) return true
  return /^-[A-Za-z]{2,}$/.test(option) && [...option.slice(1)].every((letter) => has(`-${letter}`))
}
