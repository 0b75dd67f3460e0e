import { verifyRemembered } from '../certificates/remembered-signature.ts'
import type { SignatureScheme } from '../certificates/signature-algorithm.ts'
import { NSHIELD_CURVES } from './curves.ts'
import { type Ddds, isSymbolList, readDdds } from './ddds.ts'
import { type NshieldKey, nshieldKeyInfo } from './key.ts'
import { malformed } from './message.ts'

/** The module's birth certificate: root key, delegations, module information, each signed by the one before. */
export interface NshieldWarrant {
  /** Name of the root key that it claims: KWARN-1. Decides nothing. */
  readonly root: string
  readonly delegations: readonly { readonly signed: SignedPayload; readonly key: NshieldKey }[]
  readonly signedModule: SignedPayload
  readonly module: ModuleInformation
}

export interface SignedPayload {
  readonly payload: Uint8Array
  /** r || s, 66 bytes each. */
  readonly signature: Uint8Array
  readonly type: string
}

/** What the last certificate of a warrant says of the module. */
export interface ModuleInformation {
  readonly fieldUpgrade: boolean
  readonly esn: string
  readonly physicalSerialNumber?: string
  readonly klf2: NshieldKey
  /** As the warrant lists them: `FIPS140, 2, 3, MultiChipEmbedded`. */
  readonly approvals: readonly string[]
}

/** Every signature in a warrant: ECDSA P-521 with SHA-512, r || s (Entrust warrant format). */
const WARRANT_SCHEME: SignatureScheme = { key: 'ec', hash: 'sha512', encoding: 'p1363' }
const WARRANT_SIGNATURE_LENGTH = 132
const SIGNATURE_MECHANISM = ['ECDSA', ['EMSA1', 'SHA512']] as const
const MAX_CERTIFICATES = 8
const MODULE_TYPES = ['ModuleInformation', 'FieldUpgradeModuleInformation']

/** Reads it whole; verifies nothing. Throws EvidenceError. */
export function readWarrant(bytes: Uint8Array): NshieldWarrant {
  const value = readDdds(bytes)
  const [root, ...rest] = value.kind === 'list' ? value.items : []
  const last = rest.pop()
  if (root?.kind !== 'symbol' || last === undefined || rest.length >= MAX_CERTIFICATES) {
    throw malformed('the warrant is not a root name followed by certificates')
  }
  const delegations = rest.map((item) => {
    const { signed, fields } = readCertificate(item, ['Delegation'])
    requireMechanism(fields.get('SigMech'))
    return { signed, key: readWarrantKey(fields.get('DelegateKey')) }
  })
  const { signed, fields } = readCertificate(last, MODULE_TYPES)
  return { root: root.text, delegations, signedModule: signed, module: readModuleInformation(signed.type, fields) }
}

type Fields = ReadonlyMap<string, Ddds>

function readCertificate(value: Ddds, types: readonly string[]): { signed: SignedPayload; fields: Fields } {
  const entries = mapOf(value, 'a warrant certificate')
  const payload = entries.get('Payload')
  const signature = entries.get('Signature')
  if (entries.size !== 2 || payload?.kind !== 'bytes' || signature?.kind !== 'bytes') {
    throw malformed('a warrant certificate does not contain a payload and a signature')
  }
  const fields = mapOf(readDdds(payload.bytes), 'the payload of a warrant certificate')
  const type = fields.get('WarrantCertificateType')
  if (type?.kind !== 'symbol' || !types.includes(type.text)) {
    throw malformed(`a warrant certificate is not a ${types.join(' or ')}`)
  }
  return { signed: { payload: payload.bytes, signature: signature.bytes, type: type.text }, fields }
}

function mapOf(value: Ddds, what: string): Fields {
  if (value.kind !== 'map') throw malformed(`${what} is not a map`)
  return value.entries
}

/** Verifies from the root key downwards. Returns which certificate (from 1) does not hold, or undefined where all do. */
export function warrantFault(warrant: NshieldWarrant, rootSpki: Uint8Array): number | undefined {
  let spki = rootSpki
  const signed = [...warrant.delegations.map((delegation) => delegation.signed), warrant.signedModule]
  for (const [index, { payload, signature }] of signed.entries()) {
    if (signature.length !== WARRANT_SIGNATURE_LENGTH) return index + 1
    if (!verifyRemembered(WARRANT_SCHEME, spki, payload, signature)) return index + 1
    const delegate = warrant.delegations[index]
    if (delegate !== undefined) spki = nshieldKeyInfo(delegate.key)
  }
  return undefined
}

function readModuleInformation(type: string, fields: Fields): ModuleInformation {
  const esn = fields.get('ElectronicSerialNumber')
  const physical = fields.get('PhysicalSerialNumber')
  if (esn?.kind !== 'string') throw malformed('the warrant does not state the module’s serial number')
  if (!fields.has('KLF2pub')) {
    throw malformed(
      'the warrant certifies no KLF2 key: it is probably the old warrant of a module that has no KLF2 key yet',
      'Ask Entrust for the KLF2 warrant of this module, put it into kmdata/warrants, and create the bundle again.',
    )
  }
  requireMechanism(fields.get('KLF2mech'))
  return {
    fieldUpgrade: type === 'FieldUpgradeModuleInformation',
    esn: esn.text,
    ...(physical?.kind === 'string' ? { physicalSerialNumber: physical.text } : {}),
    klf2: readWarrantKey(fields.get('KLF2pub')),
    approvals: readApprovals(fields.get('Approvals')),
  }
}

function requireMechanism(value: Ddds | undefined): void {
  if (!isSymbolList(value, SIGNATURE_MECHANISM)) {
    throw malformed('the mechanism in the warrant is not ECDSA with SHA-512')
  }
}

/** `['ECDSA', 'Public', 'NISTP521', [x, y]]`. */
function readWarrantKey(value: Ddds | undefined): NshieldKey {
  const parts = value?.kind === 'list' ? value.items : []
  const [x, y] = parts[3]?.kind === 'list' ? parts[3].items : []
  const curve = NSHIELD_CURVES.find(({ warrantName }) => warrantName === 'NISTP521')
  if (
    parts.length !== 4 ||
    !isSymbolList({ kind: 'list', items: parts.slice(0, 3) }, ['ECDSA', 'Public', 'NISTP521']) ||
    curve === undefined ||
    x?.kind !== 'integer' ||
    y?.kind !== 'integer'
  ) {
    throw malformed('a key of the warrant is not an ECDSA P-521 public key')
  }
  return { type: 'ECDSA', curve, x: stripZeros(x.bytes, curve.octets), y: stripZeros(y.bytes, curve.octets) }
}

function stripZeros(bytes: Uint8Array, octets: number): Uint8Array {
  let from = 0
  while (from < bytes.length - 1 && bytes[from] === 0) from++
  const number = bytes.subarray(from)
  if (number.length === 0 || number.length > octets) throw malformed('a coordinate of a warrant key has a wrong length')
  return number
}

/** One approval in words and numbers, or a list of such. */
function readApprovals(value: Ddds | undefined): readonly string[] {
  if (value?.kind !== 'list') return []
  return value.items.map((item) => (item.kind === 'list' ? item.items.map(word).join(', ') : word(item)))
}

function word(value: Ddds): string {
  switch (value.kind) {
    case 'number':
      return String(value.number)
    case 'string':
    case 'symbol':
      return value.text
    default:
      return '?'
  }
}
