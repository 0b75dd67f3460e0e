import type { KeyObject } from 'node:crypto'
import { CKA, MECHANISM_FLAG } from '../../../../devices/pkcs11/pkcs11-constants.ts'
import type { Application, Session, SigningOperation } from '../application.ts'
import { CryptokiError } from '../return-values.ts'
import { bytesFor, type RpcValue } from '../rpc-values.ts'
import { SIGNING_MECHANISMS, signatureLength } from '../signing-mechanisms.ts'
import { flag, isPrivateKey, isPublicKey, number } from '../token-object.ts'
import type { CallHandler, CallHandlers } from './call-handler.ts'

const MAX_DATA = 64 * 1024 * 1024

type Purpose = 'signing' | 'verifying'

const begin =
  (purpose: Purpose): CallHandler =>
  (application, request) => {
    const session = application.session(request.ulong())
    const { mechanism } = request.mechanism()
    const handle = request.ulong()
    if (session[purpose] !== undefined) throw new CryptokiError('CKR_OPERATION_ACTIVE')
    session[purpose] = operation(application, session, purpose, mechanism, handle)
    return []
  }

function operation(
  application: Application,
  session: Session,
  purpose: Purpose,
  wanted: number,
  handle: bigint,
): SigningOperation {
  const needed = purpose === 'signing' ? MECHANISM_FLAG.SIGN : MECHANISM_FLAG.VERIFY
  const offered = session.token.definition.mechanisms.some(
    (entry) => entry.mechanism === wanted && (entry.flags & needed) !== 0,
  )
  const mechanism = SIGNING_MECHANISMS.get(wanted)
  if (!offered || mechanism === undefined) throw new CryptokiError('CKR_MECHANISM_INVALID')
  const key = application.visibleObject(session, handle)
  const rightClass = key !== undefined && (purpose === 'signing' ? isPrivateKey(key) : isPublicKey(key))
  if (!rightClass || key.key === undefined) throw new CryptokiError('CKR_KEY_HANDLE_INVALID')
  if (number(key.attributes, CKA.KEY_TYPE) !== BigInt(mechanism.keyType)) {
    throw new CryptokiError('CKR_KEY_TYPE_INCONSISTENT')
  }
  if (!flag(key.attributes, purpose === 'signing' ? CKA.SIGN : CKA.VERIFY)) {
    throw new CryptokiError('CKR_KEY_FUNCTION_NOT_PERMITTED')
  }
  return { mechanism, key, data: [], size: 0, authenticated: !flag(key.attributes, CKA.ALWAYS_AUTHENTICATE) }
}

function active(session: Session, purpose: Purpose): SigningOperation & { readonly keyObject: KeyObject } {
  const running = session[purpose]
  if (running?.key.key === undefined) throw new CryptokiError('CKR_OPERATION_NOT_INITIALIZED')
  if (!running.authenticated) {
    delete session[purpose]
    throw new CryptokiError('CKR_USER_NOT_LOGGED_IN')
  }
  return Object.assign(running, { keyObject: running.key.key })
}

const update =
  (purpose: Purpose): CallHandler =>
  (application, request) => {
    const session = application.session(request.ulong())
    const running = active(session, purpose)
    const data = request.bytes() ?? new Uint8Array()
    running.size += data.length
    if (!running.mechanism.multipart || running.size > MAX_DATA) {
      delete session[purpose]
      throw new CryptokiError(running.mechanism.multipart ? 'CKR_DATA_LEN_RANGE' : 'CKR_FUNCTION_NOT_SUPPORTED')
    }
    running.data.push(data)
    return []
  }

/** The operation goes on after a length query or with too little room; every other outcome ends it (PKCS#11 2.40, C_Sign). */
function finishSigning(session: Session, data: Uint8Array, room: number): RpcValue[] {
  const running = active(session, 'signing')
  const length = signatureLength(running.keyObject)
  if (room < length) return [{ code: 'ay', value: null, length }]
  delete session.signing
  return [bytesFor(room, running.mechanism.sign(running.keyObject, data))]
}

function finishVerifying(session: Session, data: Uint8Array, signature: Uint8Array): RpcValue[] {
  const running = active(session, 'verifying')
  delete session.verifying
  if (signature.length !== signatureLength(running.keyObject)) throw new CryptokiError('CKR_SIGNATURE_LEN_RANGE')
  if (!running.mechanism.verify(running.keyObject, data, signature)) throw new CryptokiError('CKR_SIGNATURE_INVALID')
  return []
}

export const signatureCalls: CallHandlers = {
  C_SignInit: begin('signing'),
  C_SignUpdate: update('signing'),
  C_VerifyInit: begin('verifying'),
  C_VerifyUpdate: update('verifying'),

  C_Sign: (application, request) => {
    const session = application.session(request.ulong())
    return finishSigning(session, request.bytes() ?? new Uint8Array(), request.byteRoom())
  },

  C_SignFinal: (application, request) => {
    const session = application.session(request.ulong())
    return finishSigning(session, Buffer.concat(active(session, 'signing').data), request.byteRoom())
  },

  C_Verify: (application, request) => {
    const session = application.session(request.ulong())
    return finishVerifying(session, request.bytes() ?? new Uint8Array(), request.bytes() ?? new Uint8Array())
  },

  C_VerifyFinal: (application, request) => {
    const session = application.session(request.ulong())
    const data = Buffer.concat(active(session, 'verifying').data)
    return finishVerifying(session, data, request.bytes() ?? new Uint8Array())
  },
}
