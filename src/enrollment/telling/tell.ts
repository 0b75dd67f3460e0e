import { access } from 'node:fs/promises'
import { join } from 'node:path'
import type { Configuration } from '../../config/configuration.ts'
import { EnrollError } from '../../errors.ts'
import { createOnce } from '../../files/create-once.ts'
import { makeDirectory } from '../../files/make-directory.ts'
import { sha256Hex } from '../../sha256-hex.ts'
import { inUse } from '../inventory/in-use.ts'
import { readInventory } from '../inventory/read-inventory.ts'
import { Journal } from '../journal.ts'
import { isSameProfile, marksOf, profileMarks, settingsOf } from '../profile-marks.ts'
import { RunFolder } from '../run-folder.ts'
import { indexedRuns } from '../run-index.ts'
import type { EnrollmentServices } from '../services.ts'
import { type Channel, channelsOf } from './channels.ts'
import { eventsOf, expiringEvent, type LifetimeEvent } from './event.ts'

/** What happened before is not told any more: whoever sets a hook up is not told of years. */
const WINDOW = 7 * 86_400_000

/**
 * Tells what a run's journal has to tell and nobody was told yet. A run is not held up by it and never fails: what could not be
 * delivered is told again, with the same id, when the run is opened again or `tellAll` is called.
 */
export async function tellRun(services: EnrollmentServices, configuration: Configuration, run: string): Promise<void> {
  const channels = channelsOf(configuration, services.reading)
  if (channels.length === 0) return
  for (const event of await recentEvents(services, run)) await tell(services, configuration, channels, event)
}

/**
 * The same of every run that was last changed within a week, and of every certificate that ends soon. With a profile, of its runs alone:
 * its hooks may belong to other people than those of another, who would learn of it and keep those from being told.
 */
export async function tellAll(
  services: EnrollmentServices,
  configuration: Configuration,
  profile?: string,
): Promise<void> {
  const channels = channelsOf(configuration, services.reading)
  if (channels.length === 0) return
  const marks = profile === undefined ? undefined : profileMarks(profile, settingsOf(configuration))
  const isAsked = (run: Parameters<typeof marksOf>[0]): boolean =>
    marks === undefined || isSameProfile(marks, marksOf(run))
  for await (const { id, digest } of indexedRuns(services.stateDirectory, { keep: true }))
    if (digest !== undefined && isAsked(digest))
      for (const event of await recentEvents(services, id)) await tell(services, configuration, channels, event)
  for (const { run, record, device, location, spkiSha256, certificate } of inUse(await readInventory(services))) {
    if (!isAsked(record ?? {})) continue
    const about = { run, profile: record?.profile, device, location, spkiSha256, subject: certificate.subjectName }
    const event = expiringEvent({ ...about, notAfter: certificate.notAfter }, services.now())
    if (event !== undefined) await tell(services, configuration, channels, event)
  }
}

/** Something that is awaited of a person, and in no journal. */
export async function tellNow(
  services: EnrollmentServices,
  configuration: Configuration,
  event: LifetimeEvent,
): Promise<void> {
  await tell(services, configuration, channelsOf(configuration, services.reading), event)
}

async function recentEvents(services: EnrollmentServices, run: string): Promise<readonly LifetimeEvent[]> {
  try {
    const { entries } = await Journal.open(RunFolder.at(services.stateDirectory, run).journalFile, services.now)
    return eventsOf(run, entries).filter(({ time }) => services.now() - Date.parse(time) < WINDOW)
  } catch (error) {
    // A run that was removed, or cannot be read, tells nothing.
    if (error instanceof EnrollError) return []
    throw error
  }
}

async function tell(
  services: EnrollmentServices,
  configuration: Configuration,
  channels: readonly Channel[],
  event: LifetimeEvent,
): Promise<void> {
  const wanted = configuration.list('hooks.on')
  if (wanted.length > 0 && !wanted.includes(event.type)) return
  const folder = join(services.stateDirectory, 'events')
  for (const channel of channels) {
    const told = join(folder, `${event.id}.${channel.name}-${sha256Hex(channel.to).slice(0, 16)}`)
    try {
      if (await exists(told)) continue
      await makeDirectory(folder)
      await channel.deliver(event)
      await createOnce(told, `${JSON.stringify(event)}\n`)
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      services.observer.step({
        step: 'hook',
        status: 'waiting',
        detail: `the ${channel.name} hook was not told of "${event.type}" and will be again: ${why}`,
      })
    }
  }
}

const exists = (file: string): Promise<boolean> =>
  access(file).then(
    () => true,
    () => false,
  )
