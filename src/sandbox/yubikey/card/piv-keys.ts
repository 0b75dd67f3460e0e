/** GENERATE, IMPORT, ATTEST, GET METADATA, MOVE and DELETE. */
import type { CommandApdu } from './apdu.ts'
import type { Reference } from './card-state.ts'
import { importPrivateKey } from './import-key.ts'
import { keyTypeFor } from './key-type.ts'
import { ensureManagement, type PivContext } from './piv-context.ts'
import { generatePrivateKey, publicKeyTlvs, spkiOf } from './private-key.ts'
import {
  OBJECT_ATTESTATION_CERTIFICATE,
  PIN_POLICY,
  SLOT_ATTESTATION,
  SLOT_MANAGEMENT,
  SLOTS,
  TOUCH_POLICY,
} from './slots.ts'
import { ensure, SW } from './status-word.ts'
import { findTlv, readOne, readTlvs, type Tlv, writeTlv } from './tlv.ts'

const TAG_ALGORITHM = 0x80
const TAG_PIN_POLICY = 0xaa
const TAG_TOUCH_POLICY = 0xab
const TAG_PUBLIC_KEY = 0x7f49

/** Overwrites what the slot held, without asking, as the hardware does. */
export async function generate(command: CommandApdu, card: PivContext): Promise<Uint8Array> {
  ensureManagement(card)
  ensure(command.p1 === 0, SW.wrongParameters)
  const items = readTlvs(readOne(command.data, 0xac))
  const type = keyTypeFor(card.personality, findTlv(items, TAG_ALGORITHM)?.[0])
  const policies = readPolicies(command.p2, items, card)
  const key = await generatePrivateKey(type)
  card.state.keys.set(command.p2, { type, key, generated: true, ...policies })
  return writeTlv(TAG_PUBLIC_KEY, publicKeyTlvs(type, key))
}

export function importKey(command: CommandApdu, card: PivContext): Uint8Array {
  ensureManagement(card)
  const type = keyTypeFor(card.personality, command.p1)
  const items = readTlvs(command.data)
  const policies = readPolicies(command.p2, items, card)
  card.state.keys.set(command.p2, { type, key: importPrivateKey(type, items), generated: false, ...policies })
  return new Uint8Array()
}

function readPolicies(
  slot: number,
  items: readonly Tlv[],
  card: PivContext,
): { readonly pinPolicy: number; readonly touchPolicy: number } {
  const definition = SLOTS.get(slot)
  ensure(definition !== undefined, SW.wrongData)
  const pin = findTlv(items, TAG_PIN_POLICY)?.[0] ?? PIN_POLICY.default
  const touch = findTlv(items, TAG_TOUCH_POLICY)?.[0] ?? TOUCH_POLICY.default
  ensure(pin <= PIN_POLICY.always && touch <= TOUCH_POLICY.cached, SW.wrongData)
  ensure(!card.personality.fips || pin !== PIN_POLICY.never, SW.wrongData)
  return {
    pinPolicy: pin === PIN_POLICY.default ? definition.pinPolicy : pin,
    touchPolicy: touch === TOUCH_POLICY.default ? TOUCH_POLICY.never : touch,
  }
}

/** Only for keys that were made on the device; signed with whatever F9 holds now. */
export function attest(command: CommandApdu, card: PivContext): Uint8Array {
  ensure(command.p2 === 0, SW.wrongParameters)
  const { state, personality, serial } = card
  const stored = state.keys.get(command.p1)
  ensure(stored?.generated === true, SW.wrongData)
  const f9 = state.keys.get(SLOT_ATTESTATION)
  const f9Object = state.objects.get(OBJECT_ATTESTATION_CERTIFICATE)
  ensure(f9 !== undefined && f9Object !== undefined, SW.wrongData)
  const f9Certificate = findTlv(readTlvs(f9Object), 0x70)
  ensure(f9Certificate !== undefined, SW.wrongData)
  return card.issueLeaf({
    slot: command.p1,
    spki: spkiOf(stored.key),
    firmware: personality.firmware,
    serial,
    pinPolicy: stored.pinPolicy,
    touchPolicy: stored.touchPolicy,
    formFactor: personality.formFactor,
    f9Key: f9.key,
    f9Certificate,
  })
}

const octet = (tag: number, ...values: readonly number[]): Uint8Array => writeTlv(tag, Uint8Array.from(values))

/** Firmware 5.3 and later. Tags 01 algorithm, 02 policies, 03 origin, 04 public key, 05 still the default, 06 tries. */
export function metadata(command: CommandApdu, card: PivContext): Uint8Array {
  ensure(command.p1 === 0, SW.wrongParameters)
  const { state } = card
  if (command.p2 === 0x80) return referenceMetadata(state.pin)
  if (command.p2 === 0x81) return referenceMetadata(state.puk)
  if (command.p2 === SLOT_MANAGEMENT) {
    const { algorithm, touch, isDefault } = state.managementKey
    return Buffer.concat([
      octet(0x01, algorithm.id),
      octet(0x02, 0, touch ? TOUCH_POLICY.always : TOUCH_POLICY.never),
      octet(0x05, isDefault ? 1 : 0),
    ])
  }
  const stored = state.keys.get(command.p2)
  ensure(stored !== undefined, SW.referenceNotFound)
  return Buffer.concat([
    octet(0x01, stored.type.id),
    octet(0x02, stored.pinPolicy, stored.touchPolicy),
    octet(0x03, stored.generated ? 1 : 2),
    writeTlv(0x04, publicKeyTlvs(stored.type, stored.key)),
  ])
}

const referenceMetadata = (reference: Reference): Uint8Array =>
  Buffer.concat([
    octet(0x01, 0xff),
    octet(0x05, reference.isDefault ? 1 : 0),
    octet(0x06, reference.total, reference.left),
  ])

/** P1 where to (FF: nowhere, the key is deleted), P2 from where. Firmware 5.7 and later. */
export function moveKey(command: CommandApdu, card: PivContext): Uint8Array {
  ensureManagement(card)
  const { keys } = card.state
  const stored = keys.get(command.p2)
  ensure(stored !== undefined, SW.referenceNotFound)
  if (command.p1 !== 0xff) {
    ensure(SLOTS.has(command.p1) && !keys.has(command.p1), SW.wrongData)
    keys.set(command.p1, stored)
  }
  keys.delete(command.p2)
  return new Uint8Array()
}
