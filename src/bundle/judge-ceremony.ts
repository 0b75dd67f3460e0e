import type { ZipEntry } from '../archive/zip-entries.ts'
import { readPem } from '../asn1/pem.ts'
import { jsonMember } from '../json-member.ts'
import { sha256Hex } from '../sha256-hex.ts'
import { BundleFault } from './bundle-fault.ts'
import { contentOf, PLACES } from './bundle-files.ts'
import { type ShownByLog, verifyDeviceLog } from './device-log/device-log-file.ts'
import { type JournalChain, lastText, readJournalChain } from './journal-chain.ts'

/** What the log of a ceremony says, once its chain holds. */
export interface JudgedCeremony {
  readonly title: string
  readonly unattended: boolean
  readonly ended: boolean
  readonly steps: number
  readonly digressions: number
  readonly people: readonly { readonly role: string; readonly name: string }[]
}

const NAMES = { log: 'log.jsonl', script: 'script.yaml', device: 'device-log.json' } as const

/** Chain, script, run, and the files that the log covers. Undefined where the bundle has no ceremony. Throws BundleFault. */
export function judgeCeremony(entries: readonly ZipEntry[], run: string): JudgedCeremony | undefined {
  const bytes = contentOf(entries, `${PLACES.ceremony}${NAMES.log}`)
  if (bytes === undefined) {
    if (entries.some(({ name }) => name.startsWith(PLACES.ceremony))) throw new BundleFault('it is missing')
    return undefined
  }
  const log = readJournalChain(bytes)
  const script = contentOf(entries, `${PLACES.ceremony}${NAMES.script}`)
  if (script === undefined || sha256Hex(script) !== lastText(log, 'begun', 'scriptSha256'))
    throw new BundleFault('it is not the script with which the ceremony began', `${PLACES.ceremony}${NAMES.script}`)
  if (lastText(log, 'run', 'run') !== run) throw new BundleFault('it is the log of the ceremony of another run')
  for (const { event } of of(log, 'recorded')) {
    const name = `${PLACES.ceremony}${String(jsonMember(event, 'file'))}`
    const content = contentOf(entries, name)
    if (content === undefined || sha256Hex(content) !== jsonMember(event, 'sha256'))
      throw new BundleFault('it is not what the log of the ceremony recorded', name)
  }
  return {
    title: lastText(log, 'begun', 'title') ?? '',
    unattended: jsonMember(of(log, 'begun')[0]?.event, 'unattended') === true,
    ended: of(log, 'ended').length > 0,
    steps: of(log, 'step').length,
    digressions: of(log, 'digression').length,
    people: of(log, 'person').map(({ event }) => ({
      role: String(jsonMember(event, 'role')),
      name: String(jsonMember(event, 'name')),
    })),
  }
}

const of = ({ entries }: JournalChain, type: string): JournalChain['entries'] =>
  entries.filter((entry) => entry.type === type)

/** What the device's own log shows of the key of the run. Undefined where there is none. Throws BundleFault. */
export function judgeDeviceLog(
  entries: readonly ZipEntry[],
  journal: JournalChain,
  serial: string | undefined,
): ShownByLog | undefined {
  const bytes = contentOf(entries, `${PLACES.ceremony}${NAMES.device}`)
  if (bytes === undefined) return undefined
  const [key] = readPem(
    Buffer.from(contentOf(entries, `${PLACES.run}${lastText(journal, 'key-generated', 'publicKey')}`) ?? '').toString(
      'latin1',
    ),
  )
  const location = lastText(journal, 'key-generated', 'location')
  if (
    key === undefined ||
    location === undefined ||
    sha256Hex(key.der) !== lastText(journal, 'key-generated', 'spkiSha256')
  )
    throw new BundleFault('the run has no key to which it belongs')
  let json: unknown
  try {
    json = JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch {
    throw new BundleFault('it is not JSON')
  }
  return verifyDeviceLog(json, { spki: key.der, location, ...(serial === undefined ? {} : { serial }) })
}
