import type { Application } from './application.ts'
import type { CallHandlers } from './calls/call-handler.ts'
import { generalCalls } from './calls/general.ts'
import { keyCalls } from './calls/keys.ts'
import { objectCalls } from './calls/objects.ts'
import { sessionCalls } from './calls/sessions.ts'
import { signatureCalls } from './calls/signatures.ts'
import { slotCalls } from './calls/slots.ts'
import type { Fault, FaultAction } from './fault-script.ts'
import { CryptokiError, RETURN_VALUES } from './return-values.ts'
import { RpcFormatError, RpcReader } from './rpc-bytes.ts'
import { ERROR_CALL, ERROR_SIGNATURE, findRpcCall, type RpcCall } from './rpc-calls.ts'
import { encodeMessage, type MechanismForm, readHead, readValues } from './rpc-codec.ts'
import { RpcArguments, type RpcValue, ulong } from './rpc-values.ts'

const HANDLERS: CallHandlers = {
  ...generalCalls,
  ...slotCalls,
  ...sessionCalls,
  ...objectCalls,
  ...keyCalls,
  ...signatureCalls,
}

/** The connection is to end without an answer. */
export class ConnectionDropped extends Error {
  override readonly name = 'ConnectionDropped'
}

/**
 * Carries out the request in a frame's body and returns the body of the reply. Rejects with RpcFormatError for a body
 * that cannot be read and with ConnectionDropped where a fault wants it; never with anything else that a client can cause.
 */
export async function dispatch(application: Application, body: Uint8Array, form: MechanismForm): Promise<Uint8Array> {
  const reader = new RpcReader(body)
  const { callId, signature } = readHead(reader)
  const call = findRpcCall(callId)
  if (call === undefined) return errorReply(RETURN_VALUES.CKR_FUNCTION_NOT_SUPPORTED)
  if (signature !== call.request) return errorReply(RETURN_VALUES.CKR_DEVICE_ERROR)
  const values = readValues(reader, signature, form)
  try {
    const result = await withFaults(application, call, () => run(application, call, values))
    return encodeMessage({ callId, signature: call.response, values: result })
  } catch (error) {
    if (error instanceof CryptokiError) return errorReply(error.returnValue)
    if (error instanceof ConnectionDropped || error instanceof RpcFormatError) throw error
    return errorReply(RETURN_VALUES.CKR_GENERAL_ERROR)
  }
}

const errorReply = (returnValue: number): Uint8Array =>
  encodeMessage({ callId: ERROR_CALL, signature: ERROR_SIGNATURE, values: [ulong(returnValue)] })

async function run(application: Application, call: RpcCall, values: readonly RpcValue[]): Promise<RpcValue[]> {
  if (!application.initialized && call.name !== 'C_Initialize') throw new CryptokiError('CKR_CRYPTOKI_NOT_INITIALIZED')
  const handler = HANDLERS[call.name]
  if (handler === undefined) throw new CryptokiError('CKR_FUNCTION_NOT_SUPPORTED')
  return handler(application, new RpcArguments(values))
}

async function withFaults(
  application: Application,
  call: RpcCall,
  effect: () => Promise<RpcValue[]>,
): Promise<RpcValue[]> {
  application.host.statistics.called(call.name)
  const faults = application.host.faults.due(call.name)
  const act = async (when: Fault['when']): Promise<void> => {
    for (const fault of faults) if (fault.when === when) await apply(application, fault.action)
  }
  await act('before')
  const result = effect()
  const settled = result.then(
    () => {},
    () => {},
  )
  await act('during')
  await settled
  await act('after')
  return result
}

async function apply(application: Application, action: FaultAction): Promise<void> {
  switch (action.do) {
    case 'answer':
      throw new CryptokiError(action.returnValue)
    case 'drop':
      throw new ConnectionDropped('by the fault script')
    case 'hang':
      return new Promise(() => {})
    case 'delay':
      return new Promise((resolve) => {
        setTimeout(resolve, action.milliseconds).unref()
      })
    case 'remove-token': {
      const { host } = application
      const token = host.tokens.find((candidate) => application.sessionsOn(candidate).length > 0) ?? host.tokens[0]
      if (token !== undefined) host.setPresent(token, false)
    }
  }
}
