/** Commands of ours as messages print them, made such that they can be pasted as they stand. */
import { shellWord } from '../shell-word.ts'

/** What the command at hand was told and the next one has to be told again. */
export interface Surrounding {
  /** Of runs, where it is not what a command without options would use. */
  readonly stateDirectory?: string
  /** A profile that the command at hand was given. */
  readonly profile?: string
}

/** Commands that look for runs, and do not read a profile for where they are; `ledger import` takes the folder as its word. */
const OF_RUNS = /`hsm-enroll ((?:runs|ledger(?! import)|certificate) [^`]*)`/g
/** Commands that ask the database: a profile may be what says where it is. */
const OF_LEDGER = /`hsm-enroll (ledger [^`]*)`/g
/** Commands that ask the CA: the account is in the profile. */
const OF_ACCOUNT = /`hsm-enroll ((?:order (?:status|authorize|refund)|balance)(?: [^`]*)?)`/g
/** What such a call left on disk is in the state folder. */
const IS_NOTED = /^order (?:authorize|refund) /
/** Commands that a message names without the profile that they need. */
const OF_PROFILE = /`hsm-enroll (doctor|plan|keys list|config check)`/g

/** The text with whole commands in it. */
export function pasteable(text: string, { stateDirectory, profile }: Surrounding): string {
  let whole = text
  if (profile !== undefined)
    whole = whole.replace(OF_PROFILE, (_all, command: string) => `\`hsm-enroll ${command} ${shellWord(profile)}\``)
  if (stateDirectory !== undefined)
    whole = whole.replace(OF_RUNS, (all, command: string) =>
      command.includes('--state-directory')
        ? all
        : `\`hsm-enroll ${command} --state-directory ${shellWord(stateDirectory)}\``,
    )
  if (profile !== undefined)
    whole = whole.replace(OF_LEDGER, (all, command: string) =>
      command.includes('--profile') ? all : `\`hsm-enroll ${command} --profile ${shellWord(profile)}\``,
    )
  return whole.replace(OF_ACCOUNT, (_all, command: string) => {
    const add = (option: string, value: string | undefined): string =>
      value === undefined || command.includes(option) ? '' : ` ${option} ${shellWord(value)}`
    const state = IS_NOTED.test(command) ? add('--state-directory', stateDirectory) : ''
    return `\`hsm-enroll ${command}${add('--profile', profile)}${state}\``
  })
}

/** Members of JSON that say what to do; everything else is somebody's record, and stays as it is. */
export const NEXT_STEPS: ReadonlySet<string> = new Set(['remedy', 'next'])
