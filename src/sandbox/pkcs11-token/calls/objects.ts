import { CKA, CKC_X_509, CKO } from '../../../../devices/pkcs11/pkcs11-constants.ts'
import type { Application, Session } from '../application.ts'
import {
  type AttributeMap,
  changeAttributes,
  initialAttributes,
  readTemplate,
  SECRET_ATTRIBUTES,
} from '../attribute-rules.ts'
import { CryptokiError, RETURN_VALUES } from '../return-values.ts'
import { type Attribute, type AttributeRoom, ulong, ulongsFor } from '../rpc-values.ts'
import { flag, isPrivateKey, matches, number, type TokenObject } from '../token-object.ts'
import type { CallHandlers } from './call-handler.ts'

/** Upper bound of one search answer; a client asks for a few hundred at most. */
const MAX_FOUND = 65_536

export const objectCalls: CallHandlers = {
  C_CreateObject: (application, request) => {
    const session = application.session(request.ulong())
    const attributes = newObject(readTemplate(request.attributes()))
    requireWritable(application, session, attributes)
    requireOwnLabel(session, attributes)
    const [object] = session.token.add([{ attributes, ...ownership(application, session, attributes) }])
    return [ulong(object?.handle ?? 0n)]
  },

  C_DestroyObject: (application, request) => {
    const session = application.session(request.ulong())
    const object = requireObject(application, session, request.ulong())
    requireWritable(application, session, object.attributes)
    if (!flag(object.attributes, CKA.DESTROYABLE)) throw new CryptokiError('CKR_ACTION_PROHIBITED')
    session.token.remove(object.handle)
    return []
  },

  C_GetObjectSize: (application, request) => {
    const session = application.session(request.ulong())
    const object = requireObject(application, session, request.ulong())
    return [ulong([...object.attributes.values()].reduce((sum, value) => sum + value.length, 0))]
  },

  C_GetAttributeValue: (application, request) => {
    const session = application.session(request.ulong())
    const object = requireObject(application, session, request.ulong())
    session.token.definition.rules?.admitRead?.(session.hasSearched ?? false)
    const read = request.attributeRooms().map((wanted) => readAttribute(object, wanted))
    const failure = read.find(({ returnValue }) => returnValue !== RETURN_VALUES.CKR_OK)
    return [
      { code: 'aA', attributes: read.map(({ attribute }) => attribute) },
      ulong(failure?.returnValue ?? RETURN_VALUES.CKR_OK),
    ]
  },

  C_SetAttributeValue: (application, request) => {
    const session = application.session(request.ulong())
    const object = requireObject(application, session, request.ulong())
    requireWritable(application, session, object.attributes)
    changeAttributes(object.attributes, readTemplate(request.attributes()))
    return []
  },

  C_FindObjectsInit: (application, request) => {
    const session = application.session(request.ulong())
    if (session.search !== undefined) throw new CryptokiError('CKR_OPERATION_ACTIVE')
    const template = readTemplate(request.attributes())
    session.hasSearched = true
    session.search = [...application.visibleObjects(session)]
      .filter((object) => matches(object, template))
      .map(({ handle }) => handle)
    return []
  },

  C_FindObjects: (application, request) => {
    const { search } = application.session(request.ulong())
    if (search === undefined) throw new CryptokiError('CKR_OPERATION_NOT_INITIALIZED')
    const room = Math.min(request.ulongRoom(), MAX_FOUND)
    return [ulongsFor(room, search.splice(0, room))]
  },

  C_FindObjectsFinal: (application, request) => {
    const session = application.session(request.ulong())
    if (session.search === undefined) throw new CryptokiError('CKR_OPERATION_NOT_INITIALIZED')
    delete session.search
    return []
  },
}

/** Throws CKR_GENERAL_ERROR, as NSS's software token does, for a label that a certificate with another subject has. */
function requireOwnLabel({ token }: Session, attributes: AttributeMap): void {
  if (!token.definition.oneSubjectPerLabel || number(attributes, CKA.CLASS) !== BigInt(CKO.CERTIFICATE)) return
  const same = (object: TokenObject, type: number): boolean =>
    Buffer.from(object.attributes.get(type) ?? []).equals(attributes.get(type) ?? new Uint8Array())
  const taken = [...token.objects].some(
    (object) =>
      number(object.attributes, CKA.CLASS) === BigInt(CKO.CERTIFICATE) &&
      same(object, CKA.LABEL) &&
      !same(object, CKA.SUBJECT),
  )
  if (taken) throw new CryptokiError('CKR_GENERAL_ERROR')
}

function requireObject(application: Application, session: Session, handle: bigint): TokenObject {
  const object = application.visibleObject(session, handle)
  if (object === undefined) throw new CryptokiError('CKR_OBJECT_HANDLE_INVALID')
  return object
}

/** Throws CKR_SESSION_READ_ONLY for a token object, CKR_USER_NOT_LOGGED_IN for a private one. */
export function requireWritable(
  application: Application,
  session: Session,
  attributes: ReadonlyMap<number, Uint8Array>,
): void {
  if (flag(attributes, CKA.TOKEN) && !session.readWrite) throw new CryptokiError('CKR_SESSION_READ_ONLY')
  if (flag(attributes, CKA.PRIVATE) && !application.seesPrivate(session.token)) {
    throw new CryptokiError('CKR_USER_NOT_LOGGED_IN')
  }
}

/** Session objects end with their session. */
export const ownership = (
  application: Application,
  session: Session,
  attributes: ReadonlyMap<number, Uint8Array>,
): Pick<TokenObject, 'owner'> =>
  flag(attributes, CKA.TOKEN) ? {} : { owner: { application, session: session.handle } }

const CERTIFICATE = [CKA.CLASS, CKA.CERTIFICATE_TYPE, CKA.VALUE, CKA.SUBJECT]

/** Certificates and data. Keys are made on the token and never written to it. */
function newObject(template: AttributeMap): AttributeMap {
  const objectClass = number(template, CKA.CLASS)
  switch (objectClass) {
    case undefined:
      throw new CryptokiError('CKR_TEMPLATE_INCOMPLETE')
    case BigInt(CKO.CERTIFICATE): {
      const complete = [CKA.CERTIFICATE_TYPE, CKA.SUBJECT, CKA.VALUE].every((type) => template.has(type))
      if (!complete) throw new CryptokiError('CKR_TEMPLATE_INCOMPLETE')
      if (number(template, CKA.CERTIFICATE_TYPE) !== BigInt(CKC_X_509)) {
        throw new CryptokiError('CKR_ATTRIBUTE_VALUE_INVALID')
      }
      return initialAttributes(CKO.CERTIFICATE, template, CERTIFICATE)
    }
    case BigInt(CKO.DATA):
      return initialAttributes(CKO.DATA, template, [CKA.CLASS])
    default:
      throw new CryptokiError('CKR_TEMPLATE_INCONSISTENT')
  }
}

interface ReadAttribute {
  readonly attribute: Attribute
  readonly returnValue: number
}

function readAttribute(object: TokenObject, { type, room }: AttributeRoom): ReadAttribute {
  const unavailable = (returnValue: number): ReadAttribute => ({
    attribute: { type, length: undefined, value: null },
    returnValue,
  })
  // Values of a private key are in no attribute at all; whether they are called sensitive or unknown is all that differs.
  if (isPrivateKey(object) && SECRET_ATTRIBUTES.has(type)) return unavailable(RETURN_VALUES.CKR_ATTRIBUTE_SENSITIVE)
  const value = object.attributes.get(type)
  if (value === undefined) return unavailable(RETURN_VALUES.CKR_ATTRIBUTE_TYPE_INVALID)
  if (room > 0 && room < value.length) return unavailable(RETURN_VALUES.CKR_BUFFER_TOO_SMALL)
  return {
    attribute: { type, length: value.length, value: room === 0 || value.length === 0 ? null : value },
    returnValue: RETURN_VALUES.CKR_OK,
  }
}
