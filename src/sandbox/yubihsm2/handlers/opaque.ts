import { ALGORITHMS } from '../../../../devices/yubihsm2/algorithm.ts'
import { OBJECT_TYPES, ORIGINS } from '../../../../devices/yubihsm2/object-type.ts'
import { requireCapability, visibleObject } from '../access.ts'
import { refuse } from '../command-failure.ts'
import { admit, type Handlers, readHead, store } from '../execution.ts'

export const opaque: Handlers = {
  'put opaque': (request, execution) => {
    const head = readHead(request)
    admit(execution, head, 'opaque', 'put-opaque')
    if (head.algorithm !== ALGORITHMS['opaque-data'] && head.algorithm !== ALGORITHMS['opaque-x509-certificate']) {
      throw refuse('invalidData')
    }
    const bytes = Buffer.from(request.rest())
    if (bytes.length === 0) throw refuse('wrongLength')
    return store(execution, head, 'opaque', { bytes, origin: ORIGINS.imported })
  },
  'get opaque': (request, { state, authKey, touched }) => {
    const id = request.u16()
    request.end()
    touched.target = id
    requireCapability(authKey, 'get-opaque')
    return id === 0
      ? state.issuer.deviceCertificate
      : visibleObject(state.store, authKey, OBJECT_TYPES.opaque, id).bytes
  },
}
