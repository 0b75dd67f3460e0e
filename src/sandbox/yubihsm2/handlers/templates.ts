/** Templates for SSH certificates: stored and shown as they are; nothing is signed by them here. */
import { ALGORITHMS } from '../../../../devices/yubihsm2/algorithm.ts'
import { OBJECT_TYPES, ORIGINS } from '../../../../devices/yubihsm2/object-type.ts'
import { requireCapability, visibleObject } from '../access.ts'
import { refuse } from '../command-failure.ts'
import { admit, type Handlers, readHead, store } from '../execution.ts'

export const templates: Handlers = {
  'put template': (request, execution) => {
    const head = readHead(request)
    admit(execution, head, 'template', 'put-template')
    if (head.algorithm !== ALGORITHMS['template-ssh']) throw refuse('invalidData')
    const bytes = Buffer.from(request.rest())
    if (bytes.length === 0) throw refuse('wrongLength')
    return store(execution, head, 'template', { bytes, origin: ORIGINS.imported })
  },
  'get template': (request, { state, authKey, touched }) => {
    const id = request.u16()
    request.end()
    touched.target = id
    requireCapability(authKey, 'get-template')
    return visibleObject(state.store, authKey, OBJECT_TYPES.template, id).bytes
  },
}
