/** GENERAL AUTHENTICATE: the management key's mutual authentication, signatures, decryption, key agreement. SET MANAGEMENT KEY. */
import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { CommandApdu } from './apdu.ts'
import { decryptBlock, encryptBlock, MANAGEMENT_ALGORITHMS } from './management-key.ts'
import { atLeast } from './personality.ts'
import { ensureManagement, type PivContext } from './piv-context.ts'
import { agree, signRaw } from './private-key.ts'
import { PIN_POLICY, SLOT_MANAGEMENT, TOUCH_POLICY } from './slots.ts'
import { ensure, SW } from './status-word.ts'
import { findTlv, readOne, readTlvs, type Tlv, writeTlv } from './tlv.ts'

const TAG = { template: 0x7c, witness: 0x80, challenge: 0x81, response: 0x82, exponentiation: 0x85 } as const
const TOUCH_CACHE_MILLISECONDS = 15_000

export async function generalAuthenticate(command: CommandApdu, card: PivContext): Promise<Uint8Array> {
  const items = readTlvs(readOne(command.data, TAG.template))
  const answer =
    command.p2 === SLOT_MANAGEMENT
      ? await authenticateManagement(command.p1, items, card)
      : writeTlv(TAG.response, await usePrivateKey(command.p1, command.p2, items, card))
  return answer.length === 0 ? answer : writeTlv(TAG.template, answer)
}

/** SP 800-73-4 part 2 appendix A.1: the card sends an encrypted witness and gets it back plain, with a challenge to encrypt. */
async function authenticateManagement(
  algorithmId: number,
  items: readonly Tlv[],
  card: PivContext,
): Promise<Uint8Array> {
  const { algorithm, value: key, touch } = card.state.managementKey
  ensure(algorithmId === algorithm.id, SW.wrongParameters)
  const { pending } = card.security
  card.security.pending = undefined
  const [witness, challenge, response] = [TAG.witness, TAG.challenge, TAG.response].map((tag) => findTlv(items, tag))
  if (witness?.length === 0 || (witness === undefined && challenge?.length === 0)) {
    const plain = randomBytes(algorithm.blockOctets)
    const kind = witness === undefined ? 'challenge' : 'witness'
    card.security.pending = { kind, plain, algorithm }
    return kind === 'witness'
      ? writeTlv(TAG.witness, encryptBlock(algorithm, key, plain))
      : writeTlv(TAG.challenge, plain)
  }
  const proof = pending?.kind === 'witness' ? witness : response
  card.security.managementAuthenticated = false
  ensure(pending !== undefined && proof !== undefined, SW.wrongData)
  ensure(proof.length === algorithm.blockOctets, SW.wrongData)
  const plain = pending.kind === 'witness' ? proof : decryptBlock(algorithm, key, proof)
  ensure(timingSafeEqual(plain, pending.plain), SW.securityStatus)
  ensure(!touch || (await card.touch.awaitTouch()), SW.securityStatus)
  card.security.managementAuthenticated = true
  if (challenge === undefined) return new Uint8Array()
  ensure(challenge.length === algorithm.blockOctets, SW.wrongData)
  return writeTlv(TAG.response, encryptBlock(algorithm, key, challenge))
}

/** Enforces the key's PIN and touch policy, then signs (81) or agrees (85). */
async function usePrivateKey(
  algorithmId: number,
  slot: number,
  items: readonly Tlv[],
  card: PivContext,
): Promise<Uint8Array> {
  const stored = card.state.keys.get(slot)
  ensure(stored !== undefined && stored.type.id === algorithmId, SW.wrongData)
  const challenge = findTlv(items, TAG.challenge)
  const peer = findTlv(items, TAG.exponentiation)
  ensure(challenge !== undefined || peer !== undefined, SW.wrongData)
  const { security } = card
  if (stored.pinPolicy === PIN_POLICY.once) ensure(security.pinVerified, SW.securityStatus)
  if (stored.pinPolicy === PIN_POLICY.always) ensure(security.pinFresh, SW.securityStatus)
  security.pinFresh = false
  await enforceTouch(stored.touchPolicy, card)
  if (challenge !== undefined) return signRaw(stored.type, stored.key, challenge)
  return agree(stored.type, stored.key, peer ?? new Uint8Array())
}

async function enforceTouch(policy: number, card: PivContext): Promise<void> {
  if (policy === TOUCH_POLICY.never) return
  if (policy === TOUCH_POLICY.cached && Date.now() - card.touchedAt < TOUCH_CACHE_MILLISECONDS) return
  ensure(await card.touch.awaitTouch(), SW.securityStatus)
  card.touchedAt = Date.now()
}

/** FF FF FF (or FE: needs a touch) with algorithm, 9B, length, key. AES from firmware 5.4. */
export function setManagementKey(command: CommandApdu, card: PivContext): Uint8Array {
  ensureManagement(card)
  ensure(command.p1 === 0xff && (command.p2 === 0xff || command.p2 === 0xfe), SW.wrongParameters)
  const algorithm = MANAGEMENT_ALGORITHMS.find((entry) => entry.id === command.data[0])
  ensure(algorithm !== undefined, SW.wrongData)
  ensure(algorithm.id === 0x03 || atLeast(card.personality.firmware, 5, 4, 0), SW.wrongData)
  const value = readOne(command.data.subarray(1), SLOT_MANAGEMENT)
  ensure(value.length === algorithm.keyOctets, SW.wrongData)
  card.state.managementKey = {
    algorithm,
    value: Uint8Array.from(value),
    touch: command.p2 === 0xfe,
    isDefault: false,
  }
  return new Uint8Array()
}
