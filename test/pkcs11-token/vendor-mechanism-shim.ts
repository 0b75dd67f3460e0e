/**
 * Lets pkcs11js (and graphene on top of it) use vendor mechanisms through p11-kit-client.so, which removes them from the
 * list and refuses them in calls. Wraps the calls of one loaded module; everything else stays on the real path.
 */
import type * as pkcs11js from 'pkcs11js'
import type { MechanismInfo } from '../../src/sandbox/pkcs11-token/personality.ts'
import { ulongToMemory } from '../../src/sandbox/pkcs11-token/rpc-bytes.ts'
import { CARRIER_MECHANISM, TRUE_MECHANISM_ATTRIBUTE } from '../../src/sandbox/pkcs11-token/vendor-mechanism.ts'

const VENDOR_DEFINED = 0x80000000

type Library = pkcs11js.PKCS11
/** Session, mechanism, public template, private template; a callback may follow. */
type GenerateArguments = [Buffer, pkcs11js.Mechanism, pkcs11js.Template, pkcs11js.Template, ...unknown[]]

/** `vendorMechanisms`: those of the token's personality; the list and the information about them are answered from here. */
export function installVendorMechanismShim(library: Library, vendorMechanisms: readonly MechanismInfo[]): void {
  const list = library.C_GetMechanismList.bind(library)
  const info = library.C_GetMechanismInfo.bind(library)
  library.C_GetMechanismList = (slot) => [...list(slot), ...vendorMechanisms.map(({ mechanism }) => mechanism)]
  library.C_GetMechanismInfo = (slot, mechanism) =>
    vendorMechanisms.find((entry) => entry.mechanism === mechanism) ?? info(slot, mechanism)
  for (const name of ['C_GenerateKeyPair', 'C_GenerateKeyPairAsync'] as const) {
    const original = library[name]
    const carrying = (...[session, mechanism, publicTemplate, ...rest]: GenerateArguments): unknown =>
      Reflect.apply(original, library, [session, ...carried(mechanism, publicTemplate), ...rest])
    Reflect.set(library, name, carrying)
  }
}

function carried(
  mechanism: pkcs11js.Mechanism,
  publicTemplate: pkcs11js.Template,
): [pkcs11js.Mechanism, pkcs11js.Template] {
  if (mechanism.mechanism < VENDOR_DEFINED) return [mechanism, publicTemplate]
  const truth = { type: TRUE_MECHANISM_ATTRIBUTE, value: Buffer.from(ulongToMemory(mechanism.mechanism)) }
  return [{ mechanism: CARRIER_MECHANISM }, [...publicTemplate, truth]]
}
