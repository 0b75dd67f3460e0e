import { EXPECTED, settingByPath } from '../config/settings.ts'
import { didYouMeanHint } from '../did-you-mean.ts'
import { EnrollError } from '../errors.ts'
import { HSM_TYPES, type HsmType, isHsmType } from '../hsm-type.ts'
import { isIsoDay } from '../iso-day.ts'
import type { Arguments } from './command.ts'

/** What every way to check takes. */
export const JUDGING_OPTIONS = {
  'hsm-type': { type: 'string', describe: `one of ${HSM_TYPES.join(', ')}; default: detected` },
  policy: { type: 'string', choices: ['document-signing', 'code-signing'], describe: 'rules to check against' },
  fips: {
    type: 'string',
    choices: ['refuse', 'warn', 'off'],
    describe: 'how to treat a device without FIPS certification',
  },
  'fips-standard': {
    type: 'string',
    choices: ['any', '140-2', '140-3'],
    describe: 'the FIPS standard that the device must be validated under',
  },
  'fips-historical': {
    type: 'string',
    choices: ['refuse', 'warn', 'accept'],
    describe: 'how to treat a FIPS certificate on the historical list',
  },
  advisories: {
    type: 'string',
    array: true,
    describe: 'how to treat published weaknesses: refuse, warn or off, or eucleak=off for one',
  },
  expect: {
    type: 'string',
    array: true,
    describe: 'NAME=VALUE: refuse any other device, e.g. serials=15732500, firmware=5.7.0-, slots=9c',
  },
  on: { type: 'string', describe: 'day for which certifications, advisories and rules are asked, e.g. 2026-03-01' },
} as const

export function readHsmType(text: string | undefined): HsmType | undefined {
  if (text === undefined) return undefined
  if (isHsmType(text)) return text
  throw new EnrollError(
    'usage.hsm-type',
    `Could not check: there is no hsmType "${text.slice(0, 40)}".${didYouMeanHint(text, HSM_TYPES)}`,
    {
      remedy: `Use one of ${HSM_TYPES.join(', ')}, or omit it.`,
    },
  )
}

export const policyFlags = (args: Arguments): Readonly<Record<string, string | readonly string[] | undefined>> => ({
  'policy.profile': args.text('policy'),
  'policy.fips': args.text('fips'),
  'policy.fipsStandard': args.text('fips-standard'),
  'policy.fipsHistorical': args.text('fips-historical'),
  'policy.advisories': args.list('advisories').length === 0 ? undefined : args.list('advisories'),
})

/** `serials=1`, `serials=2`, `slots=9c` as the settings they stand for. */
export function expectFlags(items: readonly string[]): Readonly<Record<string, string | readonly string[]>> {
  const flags: Record<string, string | readonly string[]> = {}
  for (const item of items) {
    const [, name = item, value] = /^([^=]*)=(.+)$/.exec(item) ?? []
    const path = `expect.${name}`
    const type = settingByPath.get(path)?.type
    if (value === undefined || type === undefined)
      throw new EnrollError(
        'usage',
        `Could not check: --expect "${item.slice(0, 60)}" is not NAME=VALUE.${didYouMeanHint(name, EXPECTED)}`,
        {
          remedy: `Use one of ${EXPECTED.join(', ')}, as in --expect serials=15732500.`,
        },
      )
    flags[path] = type === 'list' ? [...(flags[path] ?? []), value] : value
  }
  return flags
}

export function readDay(text: string | undefined): string | undefined {
  if (text === undefined || isIsoDay(text)) return text
  throw new EnrollError('usage', `Could not check: --on "${text.slice(0, 40)}" is not a day.`, {
    remedy: 'Write it as YYYY-MM-DD: --on 2026-03-01.',
  })
}
