/** Other people's verifiers, for comparison. They are installed beside the project, never in it, and may be absent. */
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { readPem } from '../../src/asn1/pem.ts'

interface PeerCertificate {
  readonly rawData: ArrayBuffer
  readonly subject: string
  readonly issuer: string
}

interface PeerProvider {
  read(data: ArrayBuffer | Uint8Array): Promise<unknown>
  verify(options: object): Promise<{ readonly status: boolean }>
  getDefaultRootCert?(): PeerCertificate
}

interface Peers {
  readonly X509Certificate: new (der: Uint8Array) => PeerCertificate
  readonly yubico: PeerProvider
  readonly marvell: PeerProvider
}

export const INSTALL_PEERS =
  'npm i --ignore-scripts --prefix DIR @peculiar/attestation-yubico@2 @peculiar/attestation-marvell@2 reflect-metadata'

/** Undefined where they are not installed in this folder. */
export function loadPeers(folder: string): Peers | undefined {
  const require = createRequire(join(folder, 'package.json'))
  try {
    require('reflect-metadata')
    const { X509Certificate } = require('@peculiar/x509')
    // Past its index, which loads a native PKCS#11 module.
    const { PivAttestationProvider } = require('@peculiar/attestation-yubico/build/cjs/provider.js')
    const { MarvellAttestationProvider } = require('@peculiar/attestation-marvell')
    return { X509Certificate, yubico: new PivAttestationProvider(), marvell: new MarvellAttestationProvider() }
  } catch {
    // Not there: the comparison is left out, and said to be.
    return undefined
  }
}

const certificatesOf = ({ X509Certificate }: Peers, pem: Uint8Array): readonly PeerCertificate[] =>
  readPem(Buffer.from(pem).toString()).map(({ der }) => new X509Certificate(Uint8Array.from(der)))

/** What a caller of @peculiar/attestation-yubico does for one pair. */
export async function peerYubikey(peers: Peers, pair: Uint8Array): Promise<boolean> {
  const [leaf, ...intermediateCerts] = certificatesOf(peers, pair)
  const attestation = await peers.yubico.read(leaf?.rawData ?? new ArrayBuffer(0))
  const { status } = await peers.yubico.verify({
    attestation,
    trustedCerts: [peers.yubico.getDefaultRootCert?.()],
    intermediateCerts,
  })
  return status
}

/** What a caller of @peculiar/attestation-marvell does for one statement. */
export async function peerMarvell(peers: Peers, statement: Uint8Array, chains: Uint8Array): Promise<boolean> {
  const certificates = certificatesOf(peers, chains)
  const attestation = await peers.marvell.read(Uint8Array.from(statement))
  const { status } = await peers.marvell.verify({
    attestation,
    trustedCerts: certificates.filter(({ subject, issuer }) => subject === issuer),
    intermediateCerts: certificates.filter(({ subject, issuer }) => subject !== issuer),
  })
  return status
}
