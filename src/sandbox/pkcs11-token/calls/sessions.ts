import { CKF_SESSION, CKU } from '../../../../devices/pkcs11/pkcs11-constants.ts'
import type { Application, Session } from '../application.ts'
import type { PinCounter } from '../pin-counter.ts'
import { CryptokiError } from '../return-values.ts'
import { ulong } from '../rpc-values.ts'
import type { CallHandlers } from './call-handler.ts'

export const sessionCalls: CallHandlers = {
  C_OpenSession: (application, request) => {
    const token = application.host.token(request.ulong())
    return [ulong(application.openSession(token, request.ulong()).handle)]
  },

  C_CloseSession: (application, request) => {
    application.closeSession(application.session(request.ulong()))
    return []
  },

  C_CloseAllSessions: (application, request) => {
    const token = application.host.slot(request.ulong())
    for (const session of application.sessionsOn(token)) application.closeSession(session)
    return []
  },

  C_GetSessionInfo: (application, request) => {
    const session = application.session(request.ulong())
    const flags = CKF_SESSION.SERIAL | (session.readWrite ? CKF_SESSION.RW : 0)
    return [ulong(session.token.slot.id), ulong(application.state(session)), ulong(flags), ulong(0)]
  },

  C_Login: (application, request) => {
    const session = application.session(request.ulong())
    const userType = request.ulong()
    const pin = request.bytes()
    try {
      login(application, session, userType, pin)
    } catch (error) {
      application.host.statistics.login(false)
      throw error
    }
    application.host.statistics.login(true)
    return []
  },

  C_Logout: (application, request) => {
    const session = application.session(request.ulong())
    if (application.userType(session.token) === undefined) throw new CryptokiError('CKR_USER_NOT_LOGGED_IN')
    application.setLogin(session.token, undefined)
    return []
  },
}

/** The order of the checks is that of a token which never takes a try for a call that could not have succeeded. */
function login(application: Application, session: Session, userType: bigint, pin: Uint8Array | null): void {
  const { token } = session
  const contextSpecific = userType === BigInt(CKU.CONTEXT_SPECIFIC)
  const current = application.userType(token)
  if (contextSpecific) {
    if (session.signing === undefined) throw new CryptokiError('CKR_OPERATION_NOT_INITIALIZED')
  } else if (current !== undefined) {
    throw new CryptokiError(current === userType ? 'CKR_USER_ALREADY_LOGGED_IN' : 'CKR_USER_ANOTHER_ALREADY_LOGGED_IN')
  }
  if (userType === BigInt(CKU.SO) && application.sessionsOn(token).some((other) => !other.readWrite)) {
    throw new CryptokiError('CKR_SESSION_READ_ONLY_EXISTS')
  }
  if (token.definition.rules?.admitLogin?.(userType) !== 'any-pin') {
    checkPin(session, pinOf(session, contextSpecific ? BigInt(CKU.USER) : userType), pin)
  }
  if (userType === BigInt(CKU.USER) && token.userPinExpired) throw new CryptokiError('CKR_PIN_EXPIRED')
  if (contextSpecific && session.signing !== undefined) session.signing.authenticated = true
  else application.setLogin(token, userType)
}

function pinOf({ token }: Session, userType: bigint): PinCounter {
  if (userType === BigInt(CKU.USER)) return token.userPin
  if (userType === BigInt(CKU.SO)) return token.soPin
  const role = token.rolePins.get(userType)
  if (role === undefined) throw new CryptokiError('CKR_USER_TYPE_INVALID')
  return role
}

/** A NULL PIN is for a token with a pin pad, and for it alone. pkcs11js cannot pass NULL: an empty PIN means the same there. */
function checkPin({ token }: Session, counter: PinCounter, pin: Uint8Array | null): void {
  const { protectedAuthenticationPath, pinLength } = token.definition
  if (protectedAuthenticationPath) {
    if (pin !== null && pin.length > 0) throw new CryptokiError('CKR_ARGUMENTS_BAD')
    counter.verified()
    return
  }
  if (pin === null) throw new CryptokiError('CKR_ARGUMENTS_BAD')
  if (counter.locked) throw new CryptokiError('CKR_PIN_LOCKED')
  if (pin.length < pinLength.min || pin.length > pinLength.max) throw new CryptokiError('CKR_PIN_LEN_RANGE')
  counter.verify(pin)
}
