import { CKU, UNAVAILABLE_INFORMATION } from '../../../../devices/pkcs11/pkcs11-constants.ts'
import { CryptokiError } from '../return-values.ts'
import { paddedString, ulong, ulongsFor, version } from '../rpc-values.ts'
import type { CallHandlers } from './call-handler.ts'

const DONT_BLOCK = 1n

export const slotCalls: CallHandlers = {
  C_GetSlotList: ({ host }, request) => {
    const presentOnly = request.byte() !== 0
    const slots = host.tokens.filter((token) => token.present || !presentOnly).map((token) => token.slot.id)
    return [ulongsFor(request.ulongRoom(), slots)]
  },

  C_GetSlotInfo: ({ host }, request) => {
    const token = host.slot(request.ulong())
    return [
      paddedString(token.slot.description, 64),
      paddedString(token.slot.manufacturer, 32),
      ulong(token.slotFlags),
      version(...token.definition.hardwareVersion),
      version(...token.definition.firmwareVersion),
    ]
  },

  C_GetTokenInfo: (application, request) => {
    const token = application.host.token(request.ulong())
    const { definition } = token
    const sessions = application.sessionsOn(token)
    const readWrite = sessions.filter((session) => session.readWrite)
    const unlimited = ulong(0)
    const unknown = ulong(UNAVAILABLE_INFORMATION)
    return [
      paddedString(token.label, 32),
      paddedString(definition.manufacturer, 32),
      paddedString(definition.model, 16),
      paddedString(definition.serial, 16),
      ulong(token.tokenFlags),
      unlimited,
      ulong(sessions.length),
      unlimited,
      ulong(readWrite.length),
      ulong(definition.pinLength.max),
      ulong(definition.pinLength.min),
      unknown,
      unknown,
      unknown,
      unknown,
      version(...definition.hardwareVersion),
      version(...definition.firmwareVersion),
      paddedString('', 16),
    ]
  },

  C_GetMechanismList: ({ host }, request) => {
    const token = host.token(request.ulong())
    const mechanisms = token.definition.mechanisms.map(({ mechanism }) => BigInt(mechanism))
    return [ulongsFor(request.ulongRoom(), mechanisms)]
  },

  C_GetMechanismInfo: ({ host }, request) => {
    const token = host.token(request.ulong())
    const wanted = request.ulong()
    const info = token.definition.mechanisms.find(({ mechanism }) => BigInt(mechanism) === wanted)
    if (info === undefined) throw new CryptokiError('CKR_MECHANISM_INVALID')
    return [ulong(info.minKeySize), ulong(info.maxKeySize), ulong(info.flags)]
  },

  C_InitToken: (application, request) => {
    const token = application.host.token(request.ulong())
    const pin = request.bytes() ?? new Uint8Array()
    // The client sends up to the first zero byte of a buffer that PKCS#11 does not end with one.
    const label = Buffer.from(request.zeroTerminated()).subarray(0, 32).toString('utf8').trimEnd()
    if (application.sessionsOn(token).length > 0) throw new CryptokiError('CKR_SESSION_EXISTS')
    if (token.definition.writeProtected) throw new CryptokiError('CKR_TOKEN_WRITE_PROTECTED')
    if (token.initialized) token.soPin.verify(pin)
    else token.soPin.replace(pin)
    token.initialize(label)
    return []
  },

  C_InitPIN: (application, request) => {
    const session = application.session(request.ulong())
    const pin = request.bytes() ?? new Uint8Array()
    if (application.userType(session.token) !== BigInt(CKU.SO)) throw new CryptokiError('CKR_USER_NOT_LOGGED_IN')
    requirePinLength(session.token.definition.pinLength, pin)
    session.token.userPin.replace(pin)
    return []
  },

  C_SetPIN: (application, request) => {
    const { token, readWrite } = application.session(request.ulong())
    const [oldPin, newPin] = [request.bytes() ?? new Uint8Array(), request.bytes() ?? new Uint8Array()]
    if (!readWrite) throw new CryptokiError('CKR_SESSION_READ_ONLY')
    requirePinLength(token.definition.pinLength, newPin)
    const counter = application.userType(token) === BigInt(CKU.SO) ? token.soPin : token.userPin
    counter.verify(oldPin)
    counter.replace(newPin)
    if (counter === token.userPin) token.userPinExpired = false
    return []
  },

  C_WaitForSlotEvent: async (application, request) => {
    const mayBlock = (request.ulong() & DONT_BLOCK) === 0n
    const event = application.takeSlotEvent() ?? (mayBlock ? await application.waitForSlotEvent() : undefined)
    if (event === undefined) throw new CryptokiError(mayBlock ? 'CKR_CRYPTOKI_NOT_INITIALIZED' : 'CKR_NO_EVENT')
    return [ulong(event)]
  },
}

function requirePinLength(limits: { readonly min: number; readonly max: number }, pin: Uint8Array): void {
  if (pin.length < limits.min || pin.length > limits.max) throw new CryptokiError('CKR_PIN_LEN_RANGE')
}
