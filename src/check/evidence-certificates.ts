import type { Certificate } from '../asn1/certificate.ts'
import { DerError, ifReadable } from '../asn1/der-error.ts'
import { PemError, readPem } from '../asn1/pem.ts'
import { pkcs7Certificates } from '../asn1/pkcs7.ts'
import { parseIssuerCertificate } from '../attestation/certificates/certificate-chain.ts'
import { EvidenceError } from '../attestation/contract/evidence-error.ts'
import { readFortanixPackage } from '../attestation/fortanix/package.ts'
import { readCertificatePackage } from '../attestation/package/certificate-package.ts'
import type { HsmType } from '../hsm-type.ts'

/** Where the certificates of a family's evidence are, for those whose evidence is made of them. */
const READERS: Readonly<
  Partial<Record<HsmType, (package_: Uint8Array, chains?: Uint8Array) => readonly Uint8Array[]>>
> = {
  YUBIKEY: readCertificatePackage,
  YUBIHSM2: readCertificatePackage,
  LUNA: (package_) => pkcs7Certificates(package_[0] === 0x30 ? package_ : pemBlock(package_)),
  FORTANIX: (package_) => {
    const { statement, authorityChain } = readFortanixPackage(package_)
    return [statement, ...authorityChain]
  },
  MARVELL_GOOGLE: (_package, chains) => (chains === undefined ? [] : readCertificatePackage(chains)),
}

/**
 * The certificates that came with evidence, in their order, whatever a verifier thinks of them; those that cannot be read are left
 * out. For what is said beside a verdict, never for the verdict. Never throws.
 */
export function evidenceCertificates(
  hsmType: HsmType,
  package_: Uint8Array,
  certChains?: Uint8Array,
): readonly Certificate[] {
  try {
    const ders = READERS[hsmType]?.(package_, certChains) ?? []
    return ders.flatMap((der) => ifReadable(() => parseIssuerCertificate(der, { explicitCriticalFalse: true })) ?? [])
  } catch (error) {
    if (error instanceof DerError || error instanceof PemError || error instanceof EvidenceError) return []
    throw error
  }
}

const pemBlock = (package_: Uint8Array): Uint8Array =>
  readPem(Buffer.from(package_).toString('latin1'))[0]?.der ?? new Uint8Array()
