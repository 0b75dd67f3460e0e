import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CeremonySummary } from '../report/ceremony-summary.ts'
import { CEREMONY_FILES } from './ceremony-folder.ts'
import { CeremonyLog, type LoggedEvent } from './ceremony-log.ts'
import type { DeviceOpening } from './record/device-record.ts'
import type { ToolRecord } from './record/tool-record.ts'
import { DEVICE_FILES } from './record/watched-services.ts'

/** A ceremony as a report shows it. Undefined for a folder in which none began. Throws EnrollError `ceremony.damaged`. */
export async function summarizeCeremony(folder: string): Promise<CeremonySummary | undefined> {
  const log = CeremonyLog.open(join(folder, CEREMONY_FILES.log), Date.now)
  const begun = log.last('begun')
  if (begun === undefined) return undefined
  const tool = (await readJson(join(folder, CEREMONY_FILES.tool))) as ToolRecord | undefined
  const openings = ((await readJson(join(folder, DEVICE_FILES.openings))) ?? []) as readonly DeviceOpening[]
  return {
    title: begun.title,
    unattended: begun.unattended,
    ended: log.last('ended') !== undefined,
    scriptSha256: begun.scriptSha256,
    people: log.all('person').map(({ type: _, ...person }) => person),
    events: log.events.flatMap(eventOf),
    tool: tool === undefined ? [] : [...toolFacts(tool), ...moduleFacts(openings)],
  }
}

const toolFacts = ({ program, packageSha256, node, system, clock }: ToolRecord): CeremonySummary['tool'] => [
  ['Tool', `${program}; its files: SHA-256 ${packageSha256}`],
  ['Node.js', `${node.version}; SHA-256 ${node.sha256}`],
  [
    'System',
    [system.name, system.platform, system.release, system.arch].filter((part) => part !== undefined).join(', '),
  ],
  ['Clock', `${clock.source}: ${clock.words}`],
]

function moduleFacts(openings: readonly DeviceOpening[]): CeremonySummary['tool'] {
  const module = openings.at(-1)?.opened.module
  return module === undefined ? [] : [['PKCS#11 module', `${module.path}; SHA-256 ${module.sha256}`]]
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

async function readJson(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch(() => undefined)
  return text === undefined ? undefined : JSON.parse(text)
}
