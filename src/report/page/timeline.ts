import type { JournalEntry } from '../../enrollment/journal.ts'
import type { CeremonySummary } from '../ceremony-summary.ts'
import { escapeHtml } from '../html.ts'
import { WORDS } from './words.ts'

interface Moment {
  readonly time: string
  readonly style: string
  readonly text: string
}

/** The journal of the run and the log of the ceremony, in one line of time. */
export function timelineHtml(journal: readonly JournalEntry[], ceremony: CeremonySummary | undefined): string {
  const moments: Moment[] = [
    ...journal.map((entry) => ({
      time: entry.time,
      style: 'run',
      text: `${entry.seq}. ${entry.event.type}${eventText(entry)}`,
    })),
    ...(ceremony?.events ?? []).map(({ time, kind, by, text }) => ({
      time,
      style: kind,
      text: `${WORDS.moments[kind]}${by === undefined ? '' : ` ${by}`}: ${text}`,
    })),
  ]
  const items = moments
    .toSorted((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0))
    .map(
      ({ time, style, text }) =>
        `<li class="${style}"><time>${escapeHtml(time.replace('T', ' ').replace(/\.\d+Z$/, ''))}</time>${escapeHtml(text)}</li>`,
    )
  return `<ul class="timeline">${items.join('')}</ul>`
}

/** The plain values of an event; what is longer (the settings, the CA's steps) is in the JSON report. */
function eventText({ event }: JournalEntry): string {
  const values = Object.entries(event).flatMap(([name, value]) =>
    name === 'type' || !isPlain(value) ? [] : [`${name}: ${value}`],
  )
  return values.length === 0 ? '' : ` (${values.join(', ')})`
}

const isPlain = (value: unknown): boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
