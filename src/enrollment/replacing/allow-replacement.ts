import { EnrollError } from '../../errors.ts'
import type { OpenRun, Run } from '../run.ts'
import { goOnWith, holderOf, type PlaceHolder } from './place-holder.ts'
import { describeLoss, type ReplacedKey } from './replaced-key.ts'

/** What a person says of a key that is to be replaced. */
export interface ReplacementWish {
  /** Runs (by id, or the end of it) that may lose their key: they are abandoned. */
  readonly abandon?: readonly string[]
  /** Asked with what is lost, in words; false ends the run. Without it the name in `key.replaceKey` is the word. */
  readonly confirmReplacement?: (run: OpenRun, loss: string) => Promise<boolean>
}

/** The run, if there is one yet, that is to take the place of a key. */
export interface Replacing {
  readonly run?: string
  readonly test: boolean
  readonly abandon?: readonly string[] | undefined
}

/**
 * Refuses a replacement that would cost a run its order or its way there, unless that run is named. Returns the run that has to be
 * abandoned for it. Throws EnrollError `key.held`.
 */
export function refuseHeld(
  { holder, location }: ReplacedKey,
  { run, test, abandon = [] }: Replacing,
): string | undefined {
  if (holder?.stake === undefined || holder.run === run) return undefined
  if (test) throw heldFromRehearsal(location, holder)
  if (!abandon.some((name) => holder.run === name || holder.run.endsWith(`-${name}`))) throw heldBy(location, holder)
  return holder.run
}

/**
 * The same, and asks the person, if there is one. `device`: as the ledger has it. Returns the run that has to be abandoned. Throws EnrollError `key.held`,
 * `change.declined`.
 */
export async function allowReplacement(
  run: Run,
  replaced: ReplacedKey,
  { abandon, confirmReplacement }: ReplacementWish,
  device: string,
): Promise<string | undefined> {
  const { id, record, services } = run
  const replacing: Replacing = { run: id, test: record.test, abandon }
  const held = refuseHeld(replaced, replacing)
  const loss = describeLoss(replaced)
  services.observer.step({ step: 'key', status: 'waiting', detail: `this replaces ${loss}` })
  if (confirmReplacement === undefined) return held
  if (!(await confirmReplacement(run, loss))) {
    throw new EnrollError('change.declined', `Stopped: ${replaced.location} is not replaced. Nothing was sent.`, {
      remedy: 'Choose another place for the new key.',
    })
  }
  // A person has had time to think about it, in which a run may have ordered for it.
  return refuseHeldSince(run, replaced, replacing, device)
}

/** `refuseHeld` once more, by what the ledger knows now. */
export async function refuseHeldSince(
  { ledger, services }: Run,
  replaced: ReplacedKey,
  replacing: Replacing,
  device: string,
): Promise<string | undefined> {
  const { location, spkiSha256 } = replaced
  const setting = { ledger, stateDirectory: services.stateDirectory, now: services.now() }
  const holder = await holderOf(setting, { device, location, spkiSha256 })
  return refuseHeld({ ...replaced, holder }, replacing)
}

const heldBy = (location: string, holder: PlaceHolder): EnrollError =>
  new EnrollError('key.held', `Could not replace the key ${location}: ${belongs(holder)}.`, {
    remedy: `Choose another place, or ${goOnWith(holder)}; --abandon ${holder.run} gives that run up, with what it paid for.`,
  })

const heldFromRehearsal = (location: string, holder: PlaceHolder): EnrollError =>
  new EnrollError('key.held', `Could not rehearse with the key ${location}: ${belongs(holder)}.`, {
    remedy: 'Rehearse in another place, or on another device: a rehearsal never replaces the key of such a run.',
  })

const belongs = ({ run, stake }: PlaceHolder): string => `it belongs to the run ${run}, and ${stake}`
