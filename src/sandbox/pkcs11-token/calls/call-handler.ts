import type { Application } from '../application.ts'
import type { RpcArguments, RpcValue } from '../rpc-values.ts'

/** Carries out one call for one application. Throws CryptokiError to answer with a CK_RV. */
export type CallHandler = (application: Application, request: RpcArguments) => RpcValue[] | Promise<RpcValue[]>

export type CallHandlers = Readonly<Record<string, CallHandler>>
