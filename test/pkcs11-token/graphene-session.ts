import graphene from 'graphene-pk11'

export interface GrapheneSession {
  readonly module: graphene.Module
  readonly session: graphene.Session
  /** `slot` of the same module; login where a PIN is given. */
  open(slot: number, pin?: string, userType?: number): graphene.Session
  close(): void
}

/**
 * Opens a double in this very process: it lives in a thread of its own, so blocking calls do no harm. p11-kit-client.so
 * reads the address when it is loaded.
 */
export function openGraphene(
  modulePath: string,
  environment: Readonly<Record<string, string>>,
  { slot = 0, pin, userType }: { readonly slot?: number; readonly pin?: string; readonly userType?: number } = {},
  prepare: (module: graphene.Module) => void = () => {},
): GrapheneSession {
  Object.assign(process.env, environment)
  const module = graphene.Module.load(modulePath, 'p11-kit-client')
  module.initialize({ flags: 2 } as Parameters<graphene.Module['initialize']>[0])
  prepare(module)
  const open = (index: number, password?: string, role: number = graphene.UserType.USER): graphene.Session => {
    const session = module
      .getSlots(index, true)
      .open(graphene.SessionFlag.SERIAL_SESSION | graphene.SessionFlag.RW_SESSION)
    if (password !== undefined) session.login(password, role)
    return session
  }
  let session: graphene.Session
  try {
    session = open(slot, pin, userType)
  } catch (error) {
    module.finalize()
    throw error
  }
  return {
    module,
    session,
    open,
    close: () => {
      module.finalize()
    },
  }
}

/** CK_RV of what `act` throws; 0 where it does not. */
export function returnValueOf(act: () => unknown): number {
  try {
    act()
    return 0
  } catch (error) {
    for (let each: unknown = error; each instanceof Error; each = each.cause) {
      if ('code' in each && typeof each.code === 'number') return each.code
      const code = /:(\d+)\b/.exec(each.message)?.[1]
      if (code !== undefined) return Number(code)
    }
    throw error
  }
}

export interface KeyHandle {
  readonly handle: Buffer
}

/** graphene's own generateKeyPair sets CKA_PRIVATE=true whatever the template says; this sends the templates as they are. */
export function generateAsGiven(
  session: graphene.Session,
  mechanism: number,
  publicKey: graphene.ITemplate,
  privateKey: graphene.ITemplate,
): { readonly publicKey: KeyHandle; readonly privateKey: KeyHandle } {
  const keys = session.lib.C_GenerateKeyPair(
    session.handle,
    { mechanism },
    graphene.Template.toPkcs11(publicKey),
    graphene.Template.toPkcs11(privateKey),
  )
  return { publicKey: { handle: keys.publicKey }, privateKey: { handle: keys.privateKey } }
}

/** One attribute as bytes. */
export function readAttribute(session: graphene.Session, object: KeyHandle, type: number): Buffer {
  const [attribute] = session.lib.C_GetAttributeValue(session.handle, object.handle, [{ type }])
  const value = attribute?.value
  if (!Buffer.isBuffer(value)) throw new Error(`attribute 0x${type.toString(16)} has no value`)
  return value
}

export const ecTemplates = (label: string, privateObject = true) => ({
  publicKey: {
    token: true,
    label,
    id: Buffer.from(label),
    verify: true,
    paramsECDSA: Buffer.from('06082a8648ce3d030107', 'hex'),
  },
  privateKey: {
    token: true,
    private: privateObject,
    label,
    id: Buffer.from(label),
    sign: true,
    sensitive: true,
    extractable: false,
  },
})

export const rsaTemplates = (label: string) => ({
  publicKey: {
    token: true,
    label,
    id: Buffer.from(label),
    verify: true,
    modulusBits: 2048,
    publicExponent: Buffer.from([1, 0, 1]),
  },
  privateKey: {
    token: true,
    private: true,
    label,
    id: Buffer.from(label),
    sign: true,
    sensitive: true,
    extractable: false,
  },
})
