import { jsonMember } from '../json-member.ts'
import { BundleFault } from './bundle-fault.ts'
import { isoTime } from './iso-time.ts'

/** in-toto Attestation Framework, Statement v1. */
const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1'
const PREDICATE_TYPE = 'urn:hsm-enroll:bundle:1'
/** DSSE: the type of the payload of an in-toto attestation. */
const PAYLOAD_TYPE = 'application/vnd.in-toto+json'
const SHA256 = /^[0-9a-f]{64}$/

/** What witnesses sign: which files with which hashes, of which run, written when and by what. */
export interface Statement {
  /** By name, in the order of the archive. */
  readonly files: readonly { readonly name: string; readonly sha256: string }[]
  readonly run: string
  /** Hash of the last entry of the run's journal. */
  readonly journalHead: string
  readonly program: string
  /** ISO 8601, UTC; the word of the computer that wrote the bundle. */
  readonly created: string
}

/**
 * The statement as it is signed: DSSE's pre-authentication encoding (`DSSEv1 SP LEN(type) SP type SP LEN(body) SP body`, lengths in
 * bytes) of an in-toto statement in JSON.
 */
export function encodeStatement({ files, ...predicate }: Statement): Uint8Array {
  const { run, journalHead, program, created } = predicate
  const body = JSON.stringify(
    {
      _type: STATEMENT_TYPE,
      subject: files.map(({ name, sha256 }) => ({ name, digest: { sha256 } })),
      predicateType: PREDICATE_TYPE,
      predicate: { run, journalHead, program, created },
    },
    null,
    2,
  )
  return Buffer.from(`DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${Buffer.byteLength(body)} ${body}`)
}

/** Reads what `encodeStatement` wrote, and nothing else. Throws BundleFault. */
export function decodeStatement(bytes: Uint8Array): Statement {
  const text = Buffer.from(bytes).toString('utf8')
  const start = text.indexOf('{')
  let body: unknown
  try {
    body = JSON.parse(text.slice(start))
  } catch {
    throw new BundleFault('it is not a DSSE statement in JSON')
  }
  const predicate = jsonMember(body, 'predicate')
  const subject = jsonMember(body, 'subject')
  const member = (name: string): string => {
    const value = jsonMember(predicate, name)
    if (typeof value !== 'string' || value.length > 200) throw new BundleFault(`its member "${name}" is missing`)
    return value
  }
  if (!Array.isArray(subject)) throw new BundleFault('it lists no files')
  const statement: Statement = {
    files: subject.map((item: unknown) => {
      const name = jsonMember(item, 'name')
      const sha256 = jsonMember(jsonMember(item, 'digest'), 'sha256')
      if (typeof name !== 'string' || typeof sha256 !== 'string' || !SHA256.test(sha256))
        throw new BundleFault('it lists a file without a hash')
      return { name, sha256 }
    }),
    run: member('run'),
    journalHead: member('journalHead'),
    program: member('program'),
    created: member('created'),
  }
  if (isoTime(statement.created) === undefined) throw new BundleFault('its time is not one')
  if (!Buffer.from(encodeStatement(statement)).equals(bytes))
    throw new BundleFault('it is not encoded as hsm-enroll encodes it')
  return statement
}
