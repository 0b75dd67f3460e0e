import { type NshieldKey, readKeyData } from './key.ts'
import { hex, NcoreReader, NEWER_VERSION } from './message.ts'

/** What a module says of itself under its KLF2 key: modstatemsg, an M_ModCertMsg of type StateCert. */
export interface NshieldModuleState {
  readonly esn: string
  /** The module's signing key for key generation certificates, and the mechanism it signs with. */
  readonly kml: CertifiedKey
  readonly klf2?: CertifiedKey
  /** Hash of the security officer's key. */
  readonly hknso: Uint8Array
  /** Hashes (hex) of the module keys that the module holds. */
  readonly moduleKeys: readonly string[]
}

export interface CertifiedKey {
  readonly hash: Uint8Array
  readonly key: NshieldKey
  readonly mechanism: number
}

const STATE_CERT = 4
const ATTRIBUTE = { esn: 2, kml: 3, knso: 5, kmList: 6, klf2: 13 } as const

/** Throws EvidenceError. Unknown, repeated and missing attributes are refused. */
export function readModuleState(message: Uint8Array): NshieldModuleState {
  const reader = new NcoreReader(message, 'modstatemsg')
  if (reader.u32() !== STATE_CERT || reader.u32() !== 0) throw reader.fail('it is not a module state certificate')
  let esn: string | undefined
  let kml: CertifiedKey | undefined
  let klf2: CertifiedKey | undefined
  let hknso: Uint8Array | undefined
  let moduleKeys: readonly string[] | undefined
  const seen = new Set<number>()
  for (let left = reader.count(4); left > 0; left--) {
    const attribute = reader.u32()
    if (seen.has(attribute)) throw reader.fail(`attribute ${attribute} appears twice`)
    seen.add(attribute)
    switch (attribute) {
      case ATTRIBUTE.esn:
        esn = reader.string()
        break
      case ATTRIBUTE.kml:
        kml = readCertifiedKey(reader)
        break
      case ATTRIBUTE.klf2:
        klf2 = readCertifiedKey(reader)
        break
      case ATTRIBUTE.knso:
        hknso = reader.hash()
        reader.u32()
        break
      case ATTRIBUTE.kmList:
        moduleKeys = readModuleKeys(reader)
        break
      default:
        throw reader.fail(`attribute ${attribute} is unknown`, NEWER_VERSION)
    }
  }
  reader.end()
  if (esn === undefined || kml === undefined || hknso === undefined || moduleKeys === undefined) {
    throw reader.fail('the serial number, KML, KNSO or the module key list is missing')
  }
  return { esn, kml, hknso, moduleKeys, klf2 }
}

const readCertifiedKey = (reader: NcoreReader): CertifiedKey => ({
  hash: reader.hash(),
  key: readKeyData(reader),
  mechanism: reader.u32(),
})

function readModuleKeys(reader: NcoreReader): readonly string[] {
  const keys: string[] = []
  for (let left = reader.count(28); left > 0; left--) {
    keys.push(hex(reader.hash()))
    // Integrity and confidentiality mechanisms of the module key: they say nothing of this key.
    reader.u32()
    reader.u32()
  }
  return keys
}
