/** The device's side of opening a session, by password keys or by P-256 keys. */
import { generateKeyPairSync, randomBytes, timingSafeEqual } from 'node:crypto'
import { aesCmac } from '../../../devices/yubihsm2/aes.ts'
import { ALGORITHMS } from '../../../devices/yubihsm2/algorithm.ts'
import { agreeKeys, keyFromPoint, POINT_LENGTH, pointOf } from '../../../devices/yubihsm2/asymmetric-keys.ts'
import type { ByteReader } from '../../../devices/yubihsm2/byte-reader.ts'
import { concat, u8 } from '../../../devices/yubihsm2/byte-writer.ts'
import { OBJECT_TYPES } from '../../../devices/yubihsm2/object-type.ts'
import { cryptogram, deriveSessionKeys } from '../../../devices/yubihsm2/session-keys.ts'
import { checkSeal, MAC_LENGTH } from '../../../devices/yubihsm2/session-message.ts'
import { refuse } from './command-failure.ts'
import { type DeviceState, EMPTY, orInvalid } from './execution.ts'
import type { StoredObject } from './object-store.ts'
import type { SessionTable } from './session-table.ts'

const CHALLENGE = 8

/** `create session`: which way it goes depends on the authentication key. */
export async function createSession(state: DeviceState, sessions: SessionTable, request: ByteReader): Promise<Buffer> {
  const authKey = state.store.find(OBJECT_TYPES['authentication-key'], request.u16())
  if (authKey === undefined) throw refuse('objectNotFound')
  const asymmetric = authKey.algorithm === ALGORITHMS['ecp256-yubico-authentication']
  const challenge = request.bytes(asymmetric ? POINT_LENGTH : CHALLENGE)
  request.end()
  return asymmetric ? byKeyAgreement(state, sessions, authKey, challenge) : byPassword(sessions, authKey, challenge)
}

async function byPassword(sessions: SessionTable, authKey: StoredObject, challenge: Buffer): Promise<Buffer> {
  const sid = sessions.freeSid()
  const cardChallenge = randomBytes(CHALLENGE)
  const context = concat(challenge, cardChallenge)
  const keys = await deriveSessionKeys(
    { encryption: authKey.bytes.subarray(0, 16), mac: authKey.bytes.subarray(16) },
    context,
  )
  sessions.add({ sid, authKey, keys, context, authenticated: false, chain: Buffer.alloc(16) })
  return concat(u8(sid), cardChallenge, await cryptogram(keys, 'card', context))
}

async function byKeyAgreement(
  state: DeviceState,
  sessions: SessionTable,
  authKey: StoredObject,
  hostPoint: Buffer,
): Promise<Buffer> {
  const sid = sessions.freeSid()
  const ephemeral = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const devicePoint = pointOf(ephemeral.publicKey)
  const keys = orInvalid(() =>
    agreeKeys(
      { ephemeral: ephemeral.privateKey, fixed: state.staticKey },
      { ephemeral: keyFromPoint(hostPoint), fixed: keyFromPoint(concat(u8(4), authKey.bytes)) },
    ),
  )
  const receipt = await aesCmac(keys.receipt, concat(devicePoint, hostPoint))
  sessions.add({ sid, authKey, keys, context: Buffer.alloc(0), authenticated: true, chain: receipt })
  return concat(u8(sid), devicePoint, receipt)
}

/** `authenticate session`. @param frame the whole frame: its MAC covers the header */
export async function authenticateSession(
  sessions: SessionTable,
  frame: Buffer,
  request: ByteReader,
): Promise<Uint8Array> {
  const session = sessions.use(request.u8())
  const claimed = request.bytes(8)
  request.bytes(MAC_LENGTH)
  request.end()
  const expected = await cryptogram(session.keys, 'host', session.context)
  const chain = await checkSeal(session.keys.mac, session.chain, frame)
  if (session.authenticated || chain === undefined || !timingSafeEqual(expected, claimed)) {
    sessions.remove(session.sid)
    throw refuse('authenticationFailed')
  }
  session.authenticated = true
  session.chain = chain
  return EMPTY
}
