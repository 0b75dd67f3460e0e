import type { Options } from 'yargs'

/** What every command takes. */
export const GLOBAL_OPTIONS = {
  json: { type: 'boolean', describe: 'one JSON object (or JSON Lines) on stdout, nothing else' },
  quiet: { type: 'boolean', alias: 'q', describe: 'no progress on stderr' },
  input: {
    type: 'boolean',
    default: true,
    describe: 'ask in the terminal if something is missing (--no-input: never)',
  },
} as const satisfies Readonly<Record<string, Options>>
