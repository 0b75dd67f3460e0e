import { didYouMeanHint } from '../../did-you-mean.ts'
import { EnrollError } from '../../errors.ts'
import type { Knowledge } from '../../knowledge/knowledge.ts'
import { isVersion, type VersionRange } from '../../knowledge/version-range.ts'
import type { ExpectedDevice } from './expected-device.ts'
import { type PolicyProfile, policyProfile, type Severity } from './policy-profile.ts'

/** What policy reads of a configuration. */
export interface PolicySettings {
  text(path: string): string | undefined
  list(path: string): readonly string[]
}

const SEVERITIES: readonly Severity[] = ['refuse', 'warn', 'off']

/** The `policy:` and `expect:` sections. `advisories` are those that may be named. Throws EnrollError `config.value`. */
export function configuredPolicy(settings: PolicySettings, { advisories }: Knowledge): PolicyProfile {
  const chosen = <Value extends string>(path: string, values: readonly Value[]): Value | undefined =>
    values.find((value) => value === settings.text(`policy.${path}`))
  const members = {
    fips: chosen('fips', SEVERITIES),
    fipsUnknown: chosen('fipsUnknown', SEVERITIES),
    recoverable: chosen('recoverable', SEVERITIES),
    fipsStandard: chosen('fipsStandard', ['any', '140-2', '140-3']),
    fipsHistorical: chosen('fipsHistorical', ['refuse', 'warn', 'accept']),
    inferences: chosen('inferences', ['use', 'ignore']),
  } as const
  const given = Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined))
  return policyProfile(chosen('profile', ['document-signing', 'code-signing']), {
    ...given,
    advisories: advisoryPolicy(settings.list('policy.advisories'), [...new Set(advisories.map(({ id }) => id))]),
    expect: expectedDevice(settings),
  })
}

/** `warn`, or `refuse, eucleak=warn`. */
function advisoryPolicy(items: readonly string[], ids: readonly string[]): PolicyProfile['advisories'] {
  let all: Severity = 'warn'
  const byId: Record<string, Severity> = {}
  for (const item of items) {
    const [, id, word] = /^(?:([^=]*)=)?(.*)$/.exec(item) ?? []
    const severity = SEVERITIES.find((known) => known === word)
    if (severity === undefined)
      throw wrong('policy.advisories', 'refuse, warn or off, or such a word for one: eucleak=off')
    if (id === undefined) all = severity
    else if (ids.includes(id)) byId[id] = severity
    else throw wrong('policy.advisories', `one of ${ids.join(', ')} before the "="`, didYouMeanHint(id, ids))
  }
  return { all, byId }
}

const LISTS = ['serials', 'slots', 'pinPolicies', 'touchPolicies', 'formFactors', 'esns', 'keyVersions'] as const

function expectedDevice(settings: PolicySettings): ExpectedDevice {
  const lists = LISTS.map((name) => [name, settings.list(`expect.${name}`)] as const)
  const firmware = settings.text('expect.firmware')
  return {
    ...Object.fromEntries(lists.filter(([, values]) => values.length > 0)),
    ...(firmware === undefined ? {} : { firmware: versionRange(firmware) }),
  }
}

/** `5.7.4`, `5.7.0-`, `-5.4.3`, `5.4.2-5.4.3`. */
function versionRange(text: string): VersionRange {
  const [from, to, ...more] = text.split('-').map((end) => end.trim())
  const ends = [from, to].filter((end) => end !== undefined && end !== '')
  if (more.length > 0 || ends.length === 0 || !ends.every((end) => end !== undefined && isVersion(end)))
    throw wrong('expect.firmware', 'a version or a range of versions: 5.7.4, 5.7.0-, -5.4.3 or 5.4.2-5.4.3')
  if (to === undefined) return { from, to: from }
  return { ...(from ? { from } : {}), ...(to ? { to } : {}) }
}

const wrong = (path: string, expected: string, hint = ''): EnrollError =>
  new EnrollError('config.value', `Could not follow "${path}": it must be ${expected}.${hint}`, {
    remedy: `Correct ${path} in the profile, or the option that stands for it.`,
  })
