import { MECHANISM_FLAG } from '../../../../devices/pkcs11/pkcs11-constants.ts'
import { readTemplate } from '../attribute-rules.ts'
import { makeKeyPair, prepareKeyPair } from '../key-pair.ts'
import { CryptokiError } from '../return-values.ts'
import { ulong } from '../rpc-values.ts'
import type { ObjectDraft } from '../token-object.ts'
import { trueMechanism } from '../vendor-mechanism.ts'
import type { CallHandlers } from './call-handler.ts'
import { ownership, requireWritable } from './objects.ts'

export const keyCalls: CallHandlers = {
  C_GenerateKeyPair: async (application, request) => {
    const session = application.session(request.ulong())
    const { token } = session
    const wireMechanism = request.mechanism().mechanism
    const publicTemplate = readTemplate(request.attributes())
    const privateTemplate = readTemplate(request.attributes())
    const mechanism = trueMechanism(wireMechanism, publicTemplate)
    const info = token.definition.mechanisms.find(
      (entry) => entry.mechanism === mechanism && (entry.flags & MECHANISM_FLAG.GENERATE_KEY_PAIR) !== 0,
    )
    if (info === undefined) throw new CryptokiError('CKR_MECHANISM_INVALID')
    const order = { mechanism, publicTemplate, privateTemplate, userType: application.userType(token) }
    token.definition.rules?.admitKeyPair?.(order)
    const prepared = prepareKeyPair(order, info)
    requireWritable(application, session, prepared.publicAttributes)
    requireWritable(application, session, prepared.privateAttributes)

    const draft = await makeKeyPair(prepared, token.definition)

    if (!token.present) throw new CryptokiError('CKR_DEVICE_REMOVED')
    const publicDraft: ObjectDraft = {
      attributes: draft.publicAttributes,
      key: draft.publicKey,
      ...ownership(application, session, draft.publicAttributes),
    }
    const privateDraft: ObjectDraft = {
      attributes: draft.privateAttributes,
      key: draft.privateKey,
      ...ownership(application, session, draft.privateAttributes),
    }
    // A caller that died meanwhile still gets its lasting keys, as from an HSM that finishes what it began.
    const drafts = [publicDraft, privateDraft]
    if (!application.hasSession(session) && drafts.some(({ owner }) => owner !== undefined)) {
      throw new CryptokiError('CKR_SESSION_CLOSED')
    }
    const extras = token.definition.rules?.completeKeyPair?.(publicDraft, privateDraft) ?? {}
    for (const [type, value] of extras.publicAttributes ?? []) publicDraft.attributes.set(type, value)
    for (const [type, value] of extras.privateAttributes ?? []) privateDraft.attributes.set(type, value)
    const [publicKey, privateKey] = token.add([publicDraft, { ...privateDraft, evidence: extras.evidence }])
    if (publicKey === undefined || privateKey === undefined) throw new CryptokiError('CKR_GENERAL_ERROR')
    return [ulong(publicKey.handle), ulong(privateKey.handle)]
  },
}
