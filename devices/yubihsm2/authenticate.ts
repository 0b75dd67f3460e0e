/** Opens a session: the two ways to prove that one holds an authentication key. */
import { generateKeyPairSync, type KeyObject, randomBytes, timingSafeEqual } from 'node:crypto'
import { DeviceError } from '../device-error.ts'
import { aesCmac } from './aes.ts'
import { ALGORITHMS } from './algorithm.ts'
import { agreeKeys, keyFromPoint, POINT_LENGTH, pointOf, RECEIPT_LENGTH } from './asymmetric-keys.ts'
import { ByteReader } from './byte-reader.ts'
import { concat, u16 } from './byte-writer.ts'
import { COMMANDS } from './command.ts'
import { protocolError } from './error-code.ts'
import { formatObjectId } from './object-type.ts'
import { cryptogram, deriveSessionKeys, type SessionKeys, type StaticKeys } from './session-keys.ts'
import { seal } from './session-message.ts'

/** What opens a session. Kept for the run, so that an expired session can be opened again without asking. */
export type Credential =
  | { readonly kind: 'password'; readonly authKeyId: number; readonly keys: StaticKeys }
  /** `devicePublicKey` pins the device; without it the device's word is taken. */
  | {
      readonly kind: 'asymmetric'
      readonly authKeyId: number
      readonly privateKey: KeyObject
      readonly devicePublicKey?: KeyObject
    }

/** Sends one plain command and gives its reply's data. */
export type PlainCommand = (command: 'create session' | 'get device public key', data: Uint8Array) => Promise<Buffer>
/** Sends a finished frame of `authenticate session`. */
export type SendFrame = (frame: Uint8Array) => Promise<Buffer>

/** Where the encrypted channel starts. */
export interface OpenedChannel {
  readonly sid: number
  readonly keys: SessionKeys
  readonly chain: Buffer
}

/** Throws `pin.wrong` or `credential.refused` where the device does not hold the same keys; the caller must not try again. */
export async function authenticate(
  credential: Credential,
  plain: PlainCommand,
  sendFrame: SendFrame,
  hostChallenge: Uint8Array = randomBytes(8),
): Promise<OpenedChannel> {
  return credential.kind === 'password'
    ? withPassword(credential, plain, sendFrame, hostChallenge)
    : withPrivateKey(credential, plain)
}

async function withPassword(
  credential: Credential & { readonly kind: 'password' },
  plain: PlainCommand,
  sendFrame: SendFrame,
  hostChallenge: Uint8Array,
): Promise<OpenedChannel> {
  const command = 'create session'
  const reply = new ByteReader(await plain(command, concat(u16(credential.authKeyId), hostChallenge)), () =>
    protocolError(command, 'the reply has the wrong length; is this an asymmetric authentication key?'),
  )
  const sid = reply.u8()
  const context = concat(hostChallenge, reply.bytes(8))
  const cardCryptogram = reply.bytes(8)
  reply.end()
  const keys = await deriveSessionKeys(credential.keys, context)
  // The device proves itself first: with another password the cryptograms differ, and nothing more is sent.
  if (!timingSafeEqual(await cryptogram(keys, 'card', context), cardCryptogram))
    throw wrongPassword(credential.authKeyId)
  const body = await cryptogram(keys, 'host', context)
  const sealed = await seal(keys.mac, Buffer.alloc(16), COMMANDS['authenticate session'].code, sid, body)
  const answer = await sendFrame(sealed.frame)
  if (answer.length !== 0) throw protocolError('authenticate session', 'the reply is not empty')
  return { sid, keys, chain: sealed.chain }
}

const wrongPassword = (authKeyId: number): DeviceError =>
  new DeviceError('pin.wrong', `The password of authentication key ${formatObjectId(authKeyId)} is wrong.`, {
    remedy:
      'Check the password and the key id (auth-key in the URI); it was tried once, and is not retried. Unless the password is typed at a terminal, the repetition needs --try-pin-again.',
    vendorCode: 'card cryptogram mismatch',
  })

async function withPrivateKey(
  credential: Credential & { readonly kind: 'asymmetric' },
  plain: PlainCommand,
): Promise<OpenedChannel> {
  const devicePublicKey = credential.devicePublicKey ?? (await readDeviceKey(plain))
  const ephemeral = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const hostPoint = pointOf(ephemeral.publicKey)
  const command = 'create session'
  const reply = new ByteReader(await plain(command, concat(u16(credential.authKeyId), hostPoint)), () =>
    protocolError(command, 'the reply has the wrong length; is this a password authentication key?'),
  )
  const sid = reply.u8()
  const devicePoint = reply.bytes(POINT_LENGTH)
  const receipt = reply.bytes(RECEIPT_LENGTH)
  reply.end()
  const keys = agreeKeys(
    { ephemeral: ephemeral.privateKey, fixed: credential.privateKey },
    { ephemeral: pointKey(command, devicePoint), fixed: devicePublicKey },
  )
  if (!timingSafeEqual(await aesCmac(keys.receipt, concat(devicePoint, hostPoint)), receipt)) {
    throw new DeviceError(
      'credential.refused',
      `The device's receipt does not match authentication key ${formatObjectId(credential.authKeyId)}: wrong private key, or not the pinned device.`,
      { remedy: 'Check the authentication key, its id and devicePublicKey; it was tried once, and is not retried.' },
    )
  }
  return { sid, keys, chain: Buffer.from(receipt) }
}

/** The device's static key (firmware 2.3 and newer). */
export async function readDeviceKey(plain: PlainCommand): Promise<KeyObject> {
  const command = 'get device public key'
  const reply = await plain(command, Buffer.alloc(0))
  if (reply.length !== POINT_LENGTH || reply[0] !== ALGORITHMS['ecp256-yubico-authentication']) {
    throw protocolError(command, 'the reply is not a P-256 key')
  }
  return pointKey(command, concat(Uint8Array.of(4), reply.subarray(1)))
}

function pointKey(command: string, point: Uint8Array): KeyObject {
  try {
    return keyFromPoint(point)
  } catch (cause) {
    throw protocolError(command, 'the point is not on the curve P-256', cause)
  }
}
