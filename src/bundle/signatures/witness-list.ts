import { hash } from 'node:crypto'
import { readPem } from '../../asn1/pem.ts'
import { EnrollError } from '../../errors.ts'
import { jsonMember } from '../../json-member.ts'
import { isMinisignKey } from '../../knowledge/minisign.ts'

/** How a witness may be known. `x509` is the SHA-256 of a certificate: the file is pinned, no authority is asked. */
const KEY_KINDS = ['ssh', 'minisign', 'x509'] as const
export type KeyKind = (typeof KEY_KINDS)[number]

/** A person and the key by which the person is known. */
export interface Witness {
  readonly name: string
  readonly kind: KeyKind
  /** ssh: `ssh-ed25519 AAAA…`; minisign: base64; x509: SHA-256 of the certificate, lower-case hex. */
  readonly key: string
}

/** Who must have signed: `threshold` different people of the list. */
export interface WitnessList {
  readonly threshold: number
  readonly witnesses: readonly Witness[]
}

/**
 * Reads a list: `{"threshold": 2, "witnesses": [{"name": "…", "ssh": "ssh-ed25519 AAAA…"}, {"name": "…", "minisign": "RW…"},
 * {"name": "…", "x509": "SHA-256 or the certificate in PEM"}]}`. Throws EnrollError `bundle.witnesses`.
 */
export function readWitnessList(bytes: Uint8Array): WitnessList {
  let json: unknown
  try {
    json = JSON.parse(Buffer.from(bytes).toString('utf8'))
  } catch (cause) {
    throw unreadable('it is not JSON', cause)
  }
  const list = jsonMember(json, 'witnesses')
  if (!Array.isArray(list) || list.length === 0 || list.length > 100) throw unreadable('it lists no witnesses')
  const witnesses = list.map(readWitness)
  const people = new Set(witnesses.map(({ name }) => name))
  if (new Set(witnesses.map(({ key }) => key)).size !== witnesses.length)
    throw unreadable('two witnesses have the same key')
  const threshold = jsonMember(json, 'threshold') ?? people.size
  if (typeof threshold !== 'number' || !Number.isInteger(threshold) || threshold < 1 || threshold > people.size)
    throw unreadable(`"threshold" must be a number from 1 to ${people.size}`)
  return { threshold, witnesses }
}

function readWitness(item: unknown, index: number): Witness {
  const name = jsonMember(item, 'name')
  if (typeof name !== 'string' || name === '' || name.length > 200) throw unreadable(`witness ${index + 1} has no name`)
  const keys = KEY_KINDS.flatMap((kind) => {
    const key = jsonMember(item, kind)
    return typeof key === 'string' ? [{ kind, key: keyOf(kind, key) }] : []
  })
  const [only] = keys
  if (only?.key === undefined || keys.length !== 1)
    throw unreadable(`"${name}" needs one readable key: ${KEY_KINDS.join(', ')}`)
  return { name, kind: only.kind, key: only.key }
}

/** A key in the one form in which keys are compared; undefined if it is none. */
function keyOf(kind: KeyKind, text: string): string | undefined {
  const trimmed = text.trim()
  switch (kind) {
    case 'ssh':
      return /^((?:sk-)?(?:ssh|ecdsa)-[\w@.-]+ [A-Za-z0-9+/]+={0,2})(?: |$)/.exec(trimmed)?.[1]
    case 'minisign': {
      const key = trimmed.split('\n').at(-1)?.trim() ?? ''
      return isMinisignKey(key) ? key : undefined
    }
    case 'x509': {
      if (!trimmed.startsWith('-----')) return /^[0-9a-f]{64}$/i.test(trimmed) ? trimmed.toLowerCase() : undefined
      const [certificate] = readPem(trimmed)
      return certificate === undefined ? undefined : hash('sha256', certificate.der, 'hex')
    }
  }
}

const unreadable = (why: string, cause?: unknown): EnrollError =>
  new EnrollError('bundle.witnesses', `Could not read the list of witnesses: ${why}.`, {
    remedy: 'Write it as docs/bundle.md shows: {"threshold": 1, "witnesses": [{"name": "…", "ssh": "ssh-ed25519 …"}]}.',
    cause,
  })
