import type { BundleCheck, BundleCheckId, BundleVerdict, HeldTimeStamp } from './bundle-verdict.ts'
import type { JudgedCeremony } from './judge-ceremony.ts'
import type { JudgedEvidence } from './judge-run.ts'
import type { WitnessList } from './signatures/witness-list.ts'

interface Found {
  readonly checks: readonly BundleCheck[]
  readonly signatures: BundleVerdict['signatures']
  readonly timestamps: readonly HeldTimeStamp[]
  readonly evidence: JudgedEvidence | undefined
  readonly ceremony: JudgedCeremony | undefined
  readonly witnesses: WitnessList | undefined
}

/** What is never in a bundle, however many signed it. */
const NEVER = [
  'Who was present, and what anybody saw: a signature shows which key signed, not who held it.',
  'When the key was generated: the times in the journal are those of the computer that ran hsm-enroll. A time stamp shows that the files existed by then.',
  'That the device still holds the key, or who knows its PIN.',
]

/** The sentences for people, each with the checks that must hold for it: none says more than they do. */
export function sentencesOf(found: Found): Pick<BundleVerdict, 'proves' | 'doesNotProve'> {
  const { checks, evidence, ceremony, timestamps, witnesses } = found
  const holds = (...ids: readonly BundleCheckId[]): boolean =>
    ids.every((id) => {
      const of = checks.filter((check) => check.id === id)
      return of.length > 0 && of.every(({ status }) => status === 'pass')
    })
  const intact = holds('container', 'statement', 'files')
  const proves: string[] = []
  const not: string[] = []
  if (intact) proves.push('The files are those that the statement lists: none was added, removed or changed after it.')
  if (intact && holds('journal'))
    proves.push('The journal of the run has no gap, and the files of the run are those that it recorded.')
  if (intact && holds('journal', 'evidence') && evidence !== undefined)
    proves.push(
      `The ${evidence.key} key of the request ${evidence.isGenerated ? 'was generated in' : 'is in'} hardware${evidence.isKept ? ' that does not let it out' : ''} (${evidence.device}), as an attestation says whose chain ends in ${evidence.anchor}; judged as of ${evidence.asOf}.`,
    )
  if (intact && holds('ceremony') && ceremony !== undefined)
    proves.push(
      `The log of the ceremony “${ceremony.title}” has no gap: ${ceremony.steps} steps were ticked in the names of ${ceremony.people.map(({ name, role }) => `${name} (${role})`).join(', ')}.`,
    )
  if (intact && holds('journal', 'evidence', 'device-log'))
    proves.push(
      'The device’s own log has no gap from its first entry to its last, and the attested key signed its last digest: log and attestation are of one device, as far as that key is used by nobody else.',
    )
  const people = [...new Set(found.signatures.flatMap(({ witness }) => (witness === undefined ? [] : [witness.name])))]
  if (intact && holds('witnesses') && witnesses !== undefined)
    proves.push(
      `The keys of ${people.join(', ')} signed the statement; ${witnesses.threshold} of ${new Set(witnesses.witnesses.map(({ name }) => name)).size} had to.`,
    )
  for (const { trusted, time, covers, authority } of intact ? timestamps : [])
    if (trusted) proves.push(`The statement${signaturesIn(covers)} existed on ${time}, as ${authority} states.`)
  if (!holds('witnesses'))
    not.push(
      'That anybody vouches for the statement: without signatures of known witnesses, whoever holds the bundle could have written it.',
    )
  if (!timestamps.some(({ trusted }) => trusted))
    not.push('When anything existed: no time stamp ends in an authority that the verifier trusts.')
  if (evidence?.isKept === false)
    not.push(
      'That the key cannot leave the device: its evidence allows an export or a recovery, or does not speak of it.',
    )
  if (evidence?.isGenerated === false)
    not.push('That the key was generated on the device: its evidence says otherwise, or does not speak of it.')
  if (evidence === undefined) not.push('Anything of the key: no attestation of it was verified up to a vendor.')
  if (ceremony?.unattended === true)
    not.push('That anybody took part in the ceremony: it was unattended, and its answers came from a file.')
  return { proves, doesNotProve: [...not, ...NEVER] }
}

const signaturesIn = (covers: readonly string[]): string => {
  const count = covers.length - 1
  return count === 0 ? '' : ` and ${count === 1 ? 'one signature' : `${count} signatures`}`
}
