import { readDer } from '../../asn1/der.ts'
import { ifReadable } from '../../asn1/der-error.ts'
import { sameBytes } from '../../asn1/octets.ts'
import { writePem } from '../../asn1/pem.ts'
import { possibleFamilies } from '../../attestation/recognise-family.ts'
import { VERIFIERS } from '../../attestation/verifiers.ts'
import { onlyOrder, withoutDoubles } from './certificate-order.ts'
import { type Contents, itemsOf } from './contents.ts'

export interface CertificatePackage {
  readonly package: Uint8Array
  /** Certificates beside a package that has its own in itself. */
  readonly certChains?: Uint8Array
  readonly note?: string
}

const SORTED = 'put the certificates back in order, each before its issuer'
const LEFT_OUT = 'left out certificates that appear twice'
const TOGETHER = 'put the certificates together'
const TOGETHER_SORTED = 'put the certificates together, the attestation before its issuer'

/**
 * The package of the certificates found, in the form in which their family's travels. The order within one file is left as it is, and
 * judged; that of a PKCS#7, whose certificates are a set, and that of several files is ours to choose. A PKCS#7 of no family stays.
 */
export function packageOfCertificates(contents: Contents): CertificatePackage {
  const [pkcs7] = itemsOf(contents, 'pkcs7')
  const loose = looseCertificates(contents)
  if (pkcs7 !== undefined) {
    const alone = arrange([pkcs7.certificates], true)
    if (alone.form === 'own') return { ...packed(alone, pkcs7.der), ...chainsOf(loose.flat()) }
    if (loose.length === 0) return alone.form === 'pem' ? packed(alone, pkcs7.der) : { package: pkcs7.der }
  }
  return packed(arrange(pkcs7 === undefined ? loose : [pkcs7.certificates, ...loose]), pkcs7?.der)
}

interface Arranged {
  readonly package: Uint8Array
  /** `own`: that of a family which sends its certificates otherwise than as PEM. */
  readonly form: 'own' | 'pem' | 'unknown'
  readonly notes: readonly string[]
}

/**
 * `sets`: certificates by where they were; those of one set are in order already, unless it is that of a PKCS#7, or the package that holds
 * them is ours to write.
 */
function arrange(sets: readonly (readonly Uint8Array[])[], isSet = false): Arranged {
  const joined = sets.length > 1
  const found = joined ? withoutDoubles(sets.flat()) : sets.flat()
  const order = joined || isSet ? onlyOrder(found) : undefined
  const moved = order?.some((der, index) => !sameBytes(der, found[index] ?? der)) === true
  const notes = joined ? [moved ? TOGETHER_SORTED : TOGETHER] : moved ? [SORTED] : []
  const pem = pemOf(order ?? found)
  const own = ownPackage(order ?? found)
  const known = (isSet || own !== undefined) && possibleFamilies(pem).length > 0
  if (own !== undefined && !known) {
    const single = withoutDoubles(found)
    if (joined || isSet || (single.length === found.length && onlyOrder(found) === undefined)) {
      return { package: own, form: 'own', notes }
    }
    const [ordered, doubles] = [arrange([single], true), found.length - single.length]
    return doubles === 0 ? ordered : { ...ordered, notes: [...ordered.notes, LEFT_OUT] }
  }
  return { package: pem, form: known ? 'pem' : 'unknown', notes }
}

function packed({ package: package_, notes }: Arranged, pkcs7: Uint8Array | undefined): CertificatePackage {
  const all = [...notes, ...rewritten(package_, pkcs7)]
  return { package: package_, ...(all.length === 0 ? {} : { note: all.join('; ') }) }
}

const chainsOf = (ders: readonly Uint8Array[]): { readonly certChains?: Uint8Array } =>
  ders.length === 0 ? {} : { certChains: pemOf(ders) }

/** The certificates that are in no PKCS#7, by where they stood. */
const looseCertificates = ({ groups }: Contents): readonly (readonly Uint8Array[])[] =>
  groups
    .map(({ items }) => items.flatMap((item) => (item.kind === 'certificate' ? [item.der] : [])))
    .filter((ders) => ders.length > 0)

const pemOf = (ders: readonly Uint8Array[]): Uint8Array =>
  Buffer.from(ders.map((der) => writePem('CERTIFICATE', der)).join(''))

function ownPackage(ders: readonly Uint8Array[]): Uint8Array | undefined {
  for (const { ofCertificates } of Object.values(VERIFIERS)) {
    const package_ = ofCertificates?.(ders)
    if (package_ !== undefined) return package_
  }
  return undefined
}

/** What became of the wrapper. */
function rewritten(package_: Uint8Array, pkcs7: Uint8Array | undefined): readonly string[] {
  const isPem = package_[0] === 0x2d
  if (pkcs7 === undefined) return isPem ? [] : ['put the certificates into a PKCS#7, as this attestation travels']
  if (isPem) return ['took the certificates out of the PKCS#7']
  if (sameBytes(package_, pkcs7)) return []
  const der = ifReadable(() => readDer(pkcs7)) !== undefined
  return [der ? 'wrote the PKCS#7 with the certificates alone' : 'wrote the PKCS#7, which was BER, as DER']
}
