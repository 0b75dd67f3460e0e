import type { Command, CommandGroup } from './command.ts'
import { entriesFor } from './command-loaders.ts'
import { COMMANDS } from './commands.ts'
import { commandParser } from './parser.ts'

/** All that help can be asked on: `''`, `check`, `runs`, `runs show`. */
export const topics = (): readonly string[] => ['', ...COMMANDS.flatMap(topicsOf)]

function topicsOf(entry: Command | CommandGroup): readonly string[] {
  if (!('commands' in entry)) return [nameOf(entry)]
  const names = [entry.name, ...(entry.aliases ?? [])]
  return names.flatMap((name) => [name, ...entry.commands.map((command) => `${name} ${nameOf(command)}`)])
}

const nameOf = ({ command }: Command): string => command.split(' ')[0] ?? ''

/** What yargs prints for `TOPIC --help`, for every topic, laid out for so many columns. */
export async function helpTable(width: number): Promise<Readonly<Record<string, string>>> {
  const table: Record<string, string> = {}
  for (const topic of topics()) table[topic] = await helpOn(topic, width)
  return table
}

/** What yargs prints for `TOPIC --help`, laid out for so many columns. */
export async function helpOn(topic: string, width: number): Promise<string> {
  const argv = [...topic.split(' ').filter((word) => word !== ''), '--help']
  const fail = (message: string, error: Error | undefined): never => {
    throw error ?? new Error(`no help on "${topic}": ${message}`)
  }
  const entries = await entriesFor(argv)
  let help = ''
  await commandParser(argv, { entries, width, fail }).parseAsync(argv, {}, (error, _argv, output) => {
    if (error) throw error
    help = output
  })
  return help
}
