import { join } from 'node:path'
import type { CeremonySummary } from '../report/ceremony-summary.ts'
import { WORDS } from '../report/page/words.ts'
import { CEREMONY_FILES } from './ceremony-folder.ts'
import { CeremonyLog, type LoggedEvent } from './ceremony-log.ts'
import type { DeviceOpening } from './record/device-record.ts'
import { readJson } from './record/json-file.ts'
import { PROGRAMS_FILE, type RecordedProgram } from './record/program-record.ts'
import type { ToolRecord } from './record/tool-record.ts'
import { DEVICE_FILES } from './record/watched-services.ts'

/** A ceremony as a report shows it. Undefined for a folder in which none began. Throws EnrollError `ceremony.damaged`. */
export async function summarizeCeremony(folder: string): Promise<CeremonySummary | undefined> {
  const log = CeremonyLog.open(join(folder, CEREMONY_FILES.log), Date.now)
  const begun = log.last('begun')
  if (begun === undefined) return undefined
  const tool = (await readJson(join(folder, CEREMONY_FILES.tool))) as ToolRecord | undefined
  const openings = ((await readJson(join(folder, DEVICE_FILES.openings))) ?? []) as readonly DeviceOpening[]
  const programs = ((await readJson(join(folder, PROGRAMS_FILE))) ?? []) as readonly RecordedProgram[]
  const programFacts = programs.map(
    ({ path, sha256, fault }) =>
      [LABELS.program, sha256 === undefined ? `${path}: ${fault ?? ''}` : withHash(path, sha256)] as const,
  )
  return {
    title: begun.title,
    unattended: begun.unattended,
    ended: log.last('ended') !== undefined,
    scriptSha256: begun.scriptSha256,
    people: log.all('person').map(({ type: _, ...person }) => person),
    events: log.events.flatMap(eventOf),
    tool: tool === undefined ? [] : [...toolFacts(tool), ...moduleFacts(openings), ...programFacts],
  }
}

const { labels: LABELS, filesOf, withHash } = WORDS

const toolFacts = ({ program, packageSha256, node, system, clock }: ToolRecord): CeremonySummary['tool'] => [
  [LABELS.tool, filesOf(program, packageSha256)],
  [LABELS.node, withHash(node.version, node.sha256)],
  [
    LABELS.system,
    [system.name, system.platform, system.release, system.arch].filter((part) => part !== undefined).join(', '),
  ],
  [LABELS.clock, `${clock.source}: ${clock.words}`],
]

function moduleFacts(openings: readonly DeviceOpening[]): CeremonySummary['tool'] {
  const module = openings.at(-1)?.opened.module
  return module === undefined ? [] : [[LABELS.module, withHash(module.path, module.sha256)]]
}

function eventOf({ time, event }: LoggedEvent): CeremonySummary['events'] {
  switch (event.type) {
    case 'step':
      return [{ time, kind: 'step', by: event.by, text: event.text }]
    case 'digression':
      return [{ time, kind: 'digression', by: event.by, text: event.text }]
    case 'attachment':
      return [{ time, kind: 'attachment', text: `${event.name} (${event.size} bytes, SHA-256 ${event.sha256})` }]
    case 'digest':
      return [{ time, kind: 'digest', text: `${event.words} (${event.sha256})` }]
    case 'stopped':
      return [{ time, kind: 'stopped', text: event.why }]
    default:
      return []
  }
}
