import { type ZipEntry, ZipError } from '../archive/zip-entries.ts'
import type { Certificate } from '../asn1/certificate.ts'
import { printName } from '../asn1/name.ts'
import { sha256Hex } from '../sha256-hex.ts'
import type { TrustAnchor } from '../trust-anchors/trust-anchor.ts'
import { BundleFault } from './bundle-fault.ts'
import { contentOf, isCovered, PLACES, readBundle } from './bundle-files.ts'
import type { BundleCheck, BundleCheckId, BundleVerdict, HeldTimeStamp } from './bundle-verdict.ts'
import { type JournalChain, readJournalChain, recordedFiles } from './journal-chain.ts'
import { type JudgedCeremony, judgeCeremony, judgeDeviceLog } from './judge-ceremony.ts'
import { type JudgedEvidence, judgeRun } from './judge-run.ts'
import { readable, type Signer, verifySignatureFile } from './signatures/verify-signature-file.ts'
import type { WitnessList } from './signatures/witness-list.ts'
import { spokenDigest } from './spoken-digest.ts'
import { decodeStatement, type Statement } from './statement.ts'
import { verifyStampedList } from './timestamps/stamped-files.ts'
import { requireTimeStamping, verifyAuthority } from './timestamps/time-stamp-authority.ts'
import { decodeTimeStampRequest } from './timestamps/time-stamp-request.ts'
import { verifyTimeStampReply } from './timestamps/time-stamp-token.ts'
import { sentencesOf } from './what-it-proves.ts'

/** What the verifier knows beside the bundle. Nothing in the bundle vouches for itself. */
export interface BundleContext {
  /** Who must have signed. Without it signatures are verified, but are nobody's. */
  readonly witnesses?: WitnessList
  /** Certificates in which the chain of a time stamp may end. */
  readonly timestampAnchors: readonly Certificate[]
  /** The vendors' roots, and the verifier's own. */
  readonly trustAnchors: readonly TrustAnchor[]
}

/** Checks in the order in which they are made. */
class BundleChecks {
  readonly all: BundleCheck[] = []

  add(id: BundleCheckId, part: string, status: BundleCheck['status'], detail: string): void {
    this.all.push({ id, part, status, detail })
  }

  /** Runs `check`; what it throws as a BundleFault is a failure of the part. Otherwise the check says itself what it found. */
  try<Value>(id: BundleCheckId, part: string, check: () => Value): Value | undefined {
    try {
      return readable(check)
    } catch (error) {
      if (!(error instanceof BundleFault)) throw error
      this.add(id, error.part ?? part, 'fail', error.message)
      return undefined
    }
  }
}

/**
 * Verifies a bundle offline: container, statement, files, journal, the vendor's evidence, signatures and time stamps.
 *
 * @throws Nothing that depends on the bundle: what is wrong with it is a failed check.
 */
export function verifyBundle(bytes: Uint8Array, context: BundleContext): BundleVerdict {
  const checks = new BundleChecks()
  const entries = open(bytes, checks)
  if (entries === undefined) return conclude(checks, { signatures: [], timestamps: [] }, context)
  const covered = verifyStatement(entries, checks)
  const journal = covered && verifyJournal(entries, covered.statement, checks)
  const evidence = journal && verifyEvidence(entries, journal, context.trustAnchors, checks)
  const ceremony = covered && verifyCeremony(entries, covered.statement, checks)
  if (journal !== undefined) verifyLogOfDevice(entries, journal, evidence?.serial, checks)
  const signatures = covered === undefined ? [] : verifySignatures(entries, covered.bytes, context.witnesses, checks)
  const timestamps = verifyTimeStamps(entries, context.timestampAnchors, checks)
  return conclude(
    checks,
    { bytes: covered?.bytes, statement: covered?.statement, signatures, timestamps, evidence, ceremony },
    context,
  )
}

function open(bytes: Uint8Array, checks: BundleChecks): readonly ZipEntry[] | undefined {
  try {
    const entries = readBundle(bytes)
    checks.add('container', 'bundle', 'pass', `${entries.length} files, every byte of the archive accounted for`)
    return entries
  } catch (error) {
    if (!(error instanceof ZipError)) throw error
    checks.add('container', error.entry ?? 'bundle', 'fail', error.what)
    return undefined
  }
}

/** The statement, and that the files are the ones that it lists. */
function verifyStatement(
  entries: readonly ZipEntry[],
  checks: BundleChecks,
): { readonly bytes: Uint8Array; readonly statement: Statement } | undefined {
  const bytes = contentOf(entries, PLACES.statement)
  const statement = checks.try('statement', PLACES.statement, () => {
    if (bytes === undefined) throw new BundleFault('it is missing')
    return decodeStatement(bytes)
  })
  if (bytes === undefined || statement === undefined) return undefined
  checks.add('statement', PLACES.statement, 'pass', `lists ${statement.files.length} files`)
  const listed = new Map(statement.files.map(({ name, sha256 }) => [name, sha256]))
  let faults = 0
  const fault = (name: string, why: string): void => {
    faults++
    checks.add('files', name, 'fail', why)
  }
  for (const { name, content } of entries) {
    if (!isCovered(name)) continue
    const sha256 = listed.get(name)
    if (sha256 === undefined) fault(name, 'the statement does not list it')
    else if (sha256 !== sha256Hex(content)) fault(name, 'its content is not what the statement lists')
    listed.delete(name)
  }
  for (const name of listed.keys()) fault(name, 'it is missing')
  if (faults === 0) checks.add('files', 'bundle', 'pass', 'every file has the hash that the statement lists')
  return { bytes, statement }
}

function verifyJournal(
  entries: readonly ZipEntry[],
  statement: Statement,
  checks: BundleChecks,
): JournalChain | undefined {
  return checks.try('journal', PLACES.journal, () => {
    const bytes = contentOf(entries, PLACES.journal)
    if (bytes === undefined) throw new BundleFault('it is missing')
    const journal = readJournalChain(bytes)
    if (journal.head !== statement.journalHead) throw new BundleFault('its last hash is not the one in the statement')
    for (const [file, sha256] of recordedFiles(journal)) {
      const content = contentOf(entries, `${PLACES.run}${file}`)
      const part = `${PLACES.run}${file}`
      if (content === undefined) throw new BundleFault('it is missing, and the journal names it', part)
      if (sha256Hex(content) !== sha256) throw new BundleFault('it is not what the journal recorded', part)
    }
    checks.add('journal', PLACES.journal, 'pass', `${journal.entries.length} entries, chained without a gap`)
    return journal
  })
}

function verifyEvidence(
  entries: readonly ZipEntry[],
  journal: JournalChain,
  anchors: readonly TrustAnchor[],
  checks: BundleChecks,
): JudgedEvidence | undefined {
  return checks.try('evidence', PLACES.run, () => {
    const judged = judgeRun(entries, journal, anchors)
    if (judged === undefined) checks.add('evidence', PLACES.run, 'warn', 'the run has no key attestation')
    else
      checks.add(
        'evidence',
        PLACES.run,
        'pass',
        `genuine: ${judged.key} key of ${judged.device}, anchored in ${judged.anchor}`,
      )
    return judged
  })
}

function verifyCeremony(
  entries: readonly ZipEntry[],
  { run }: Statement,
  checks: BundleChecks,
): JudgedCeremony | undefined {
  const part = `${PLACES.ceremony}log.jsonl`
  return checks.try('ceremony', part, () => {
    const ceremony = judgeCeremony(entries, run)
    if (ceremony === undefined) return undefined
    const { steps, digressions, ended, unattended } = ceremony
    const says = `${steps} steps ticked, ${digressions === 1 ? 'one digression' : `${digressions} digressions`} noted, ${ended ? 'ended' : 'not ended'}`
    if (unattended) checks.add('ceremony', part, 'warn', `${says}; unattended: nobody was asked`)
    else checks.add('ceremony', part, ended ? 'pass' : 'warn', says)
    return ceremony
  })
}

function verifyLogOfDevice(
  entries: readonly ZipEntry[],
  journal: JournalChain,
  serial: string | undefined,
  checks: BundleChecks,
): void {
  const part = `${PLACES.ceremony}device-log.json`
  checks.try('device-log', part, () => {
    const shown = judgeDeviceLog(entries, journal, serial)
    if (shown !== undefined) checks.add('device-log', part, shown.bound ? 'pass' : 'warn', shown.says)
  })
}

function verifySignatures(
  entries: readonly ZipEntry[],
  statement: Uint8Array,
  list: WitnessList | undefined,
  checks: BundleChecks,
): readonly (Signer & { readonly file: string })[] {
  const files = entries.filter(({ name }) => name.startsWith(PLACES.signatures))
  const signers = files.flatMap(({ name, content }) => {
    const signer = checks.try('signature', name, () =>
      verifySignatureFile(name, content, statement, list?.witnesses ?? []),
    )
    if (signer === undefined) return []
    if (signer === 'key-unknown') {
      checks.add(
        'signature',
        name,
        'warn',
        'a minisign signature whose key no list of witnesses has; it was not verified',
      )
      return []
    }
    const { kind, key, witness } = signer
    if (witness === undefined)
      checks.add('signature', name, 'warn', `holds, but no list of witnesses has its key (${kind} ${key})`)
    else checks.add('signature', name, 'pass', `by ${witness.name} (${kind} ${key})`)
    return [{ ...signer, file: name }]
  })
  const people = new Set(signers.flatMap(({ witness }) => (witness === undefined ? [] : [witness.name])))
  if (list === undefined) {
    checks.add('witnesses', 'bundle', 'warn', files.length === 0 ? 'nobody signed' : 'no list of witnesses was passed')
  } else {
    const enough = people.size >= list.threshold
    const of = `${people.size} of ${new Set(list.witnesses.map(({ name }) => name)).size} witnesses signed, ${list.threshold} required`
    checks.add('witnesses', 'bundle', enough ? 'pass' : 'fail', of)
  }
  return signers
}

function verifyTimeStamps(
  entries: readonly ZipEntry[],
  anchors: readonly Certificate[],
  checks: BundleChecks,
): readonly HeldTimeStamp[] {
  const names = entries.map(({ name }) => name).filter((name) => name.startsWith(PLACES.timestamps))
  const stamps = new Set(names.map((name) => name.replace(/\.[a-z]+$/, '')))
  const known = new Set([...stamps].flatMap((stamp) => ['.sums', '.tsq', '.tsr'].map((end) => `${stamp}${end}`)))
  for (const name of names) if (!known.has(name)) checks.add('timestamp', name, 'fail', 'it belongs to no time stamp')
  return [...stamps].flatMap((stamp) => {
    const part = (end: string): Uint8Array => {
      const content = contentOf(entries, `${stamp}${end}`)
      if (content === undefined) throw new BundleFault(`${stamp}${end} is missing`)
      return content
    }
    const request = checks.try('timestamp', `${stamp}.tsq`, () => decodeTimeStampRequest(part('.tsq')))
    const reply = request && checks.try('timestamp', `${stamp}.tsr`, () => verifyTimeStampReply(part('.tsr'), request))
    const covers = checks.try('timestamp', `${stamp}.sums`, () => {
      const isStamped =
        request === undefined || sha256Hex(part('.sums')) === Buffer.from(request.imprint).toString('hex')
      // A reply that answers the request shows that it is the list that was changed.
      if (!isStamped)
        throw new BundleFault('it is not what was stamped', reply === undefined ? `${stamp}.tsq` : undefined)
      return verifyStampedList(part('.sums'), entries)
    })
    if (covers === undefined || reply === undefined) return []
    const held = checks.try('timestamp', `${stamp}.tsr`, (): HeldTimeStamp => {
      const { time, policy, authority, certificates } = reply
      requireTimeStamping(authority)
      const trusted = anchors.length > 0
      if (trusted) verifyAuthority(authority, certificates, anchors, time)
      const iso = new Date(time).toISOString()
      return { file: `${stamp}.tsr`, time: iso, authority: printName(authority.subject), policy, trusted, covers }
    })
    if (held === undefined) return []
    const says = `${held.time}, by ${held.authority} under the policy ${held.policy}`
    if (held.trusted) checks.add('timestamp', held.file, 'pass', says)
    else checks.add('timestamp', held.file, 'warn', `${says}; its chain was not verified, since no anchor was passed`)
    return [held]
  })
}

interface Found {
  readonly bytes?: Uint8Array | undefined
  readonly statement?: Statement | undefined
  readonly signatures: BundleVerdict['signatures']
  readonly timestamps: readonly HeldTimeStamp[]
  readonly evidence?: JudgedEvidence | undefined
  readonly ceremony?: JudgedCeremony | undefined
}

function conclude({ all }: BundleChecks, found: Found, { witnesses }: BundleContext): BundleVerdict {
  const { bytes, statement, signatures, timestamps, evidence, ceremony } = found
  const digest = bytes && sha256Hex(bytes)
  return {
    sound: all.every(({ status }) => status !== 'fail'),
    ...(digest === undefined ? {} : { digest, words: spokenDigest(digest) }),
    ...(statement === undefined ? {} : { run: statement.run, created: statement.created, program: statement.program }),
    ...(ceremony === undefined ? {} : { ceremony }),
    checks: all,
    signatures,
    timestamps,
    ...sentencesOf({ checks: all, signatures, timestamps, evidence, ceremony, witnesses }),
  }
}
