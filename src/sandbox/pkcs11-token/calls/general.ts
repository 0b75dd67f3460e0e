import { randomBytes } from 'node:crypto'
import { CryptokiError } from '../return-values.ts'
import { bytesFor, paddedString, ulong, version } from '../rpc-values.ts'
import type { CallHandlers } from './call-handler.ts'

/** Sent with C_Initialize, so that a wrong peer is noticed (p11-kit, rpc-message.h). */
const HANDSHAKE = Buffer.from('PRIVATE-GNOME-KEYRING-PKCS11-PROTOCOL-V-1', 'latin1')
const MAX_RANDOM = 1024 * 1024

export const generalCalls: CallHandlers = {
  C_Initialize: (application, request) => {
    if (!HANDSHAKE.equals(request.bytes() ?? new Uint8Array())) throw new CryptokiError('CKR_GENERAL_ERROR')
    if (application.initialized) throw new CryptokiError('CKR_CRYPTOKI_ALREADY_INITIALIZED')
    application.initialized = true
    return []
  },

  C_Finalize: (application) => {
    application.end()
    return []
  },

  C_GetInfo: ({ host: { personality } }) => [
    version(2, 40),
    paddedString(personality.libraryManufacturer, 32),
    ulong(0),
    paddedString(personality.libraryDescription, 32),
    version(...personality.libraryVersion),
  ],

  C_SeedRandom: (application, request) => {
    application.session(request.ulong())
    throw new CryptokiError('CKR_RANDOM_SEED_NOT_SUPPORTED')
  },

  C_GenerateRandom: (application, request) => {
    application.session(request.ulong())
    const count = request.byteRoom()
    if (count > MAX_RANDOM) throw new CryptokiError('CKR_ARGUMENTS_BAD')
    return [bytesFor(count, randomBytes(count))]
  },
}
