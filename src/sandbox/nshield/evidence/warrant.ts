import { sign } from 'node:crypto'
import { parsePublicKey } from '../../../asn1/public-key.ts'
import type { TestKeyPair } from '../../test-key-pair.ts'
import { dddsBytes, dddsInteger, dddsList, dddsMap, dddsNumber, dddsString, dddsSymbol } from './message-writer.ts'

export interface WarrantRequest {
  readonly esn: string
  /** Root key, P-521. */
  readonly root: TestKeyPair
  /** Delegates in order, P-521; empty where the root signs the module itself. */
  readonly delegates: readonly TestKeyPair[]
  /** SubjectPublicKeyInfo of the module's KLF2 key, P-521; absent in a warrant from before KLF2. */
  readonly klf2?: Uint8Array
  readonly fieldUpgrade: boolean
}

/** A warrant as `kmdata/warrants` and the bundle hold it. */
export function writeWarrant({ esn, root, delegates, klf2, fieldUpgrade }: WarrantRequest): Uint8Array {
  const delegations = delegates.map((delegate, index) =>
    certificate(delegates[index - 1] ?? root, {
      DelegateKey: warrantKey(delegate.spki),
      SigMech: MECHANISM,
      WarrantCertificateType: dddsSymbol('Delegation'),
    }),
  )
  const module = certificate(delegates.at(-1) ?? root, {
    ElectronicSerialNumber: dddsString(esn),
    PhysicalSerialNumber: dddsString('00-TEST01'),
    Approvals: dddsList(dddsList(dddsSymbol('FIPS140'), dddsNumber(2), dddsNumber(3), dddsSymbol('MultiChipEmbedded'))),
    WarrantCertificateType: dddsSymbol(fieldUpgrade ? 'FieldUpgradeModuleInformation' : 'ModuleInformation'),
    ...(klf2 === undefined ? {} : { KLF2pub: warrantKey(klf2), KLF2mech: MECHANISM }),
  })
  return dddsList(dddsSymbol('KWARN-1'), ...delegations, module)
}

const MECHANISM = dddsList(dddsSymbol('ECDSA'), dddsList(dddsSymbol('EMSA1'), dddsSymbol('SHA512')))

function certificate(signer: TestKeyPair, fields: Readonly<Record<string, Uint8Array>>): Uint8Array {
  const payload = dddsMap(fields)
  const signature = sign('sha512', payload, { key: signer.privateKey, dsaEncoding: 'ieee-p1363' })
  return dddsMap({ Payload: dddsBytes(payload), Signature: dddsBytes(signature) })
}

function warrantKey(spki: Uint8Array): Uint8Array {
  const key = parsePublicKey(spki)
  if (key.type !== 'EC') throw new TypeError('a warrant key is on P-521')
  const half = (key.point.length - 1) / 2
  const point = dddsList(dddsInteger(key.point.subarray(1, 1 + half)), dddsInteger(key.point.subarray(1 + half)))
  return dddsList(dddsSymbol('ECDSA'), dddsSymbol('Public'), dddsSymbol('NISTP521'), point)
}
