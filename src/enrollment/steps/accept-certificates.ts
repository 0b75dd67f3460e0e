import { type Certificate, parseCertificate } from '../../asn1/certificate.ts'
import { printName } from '../../asn1/name.ts'
import { writePem } from '../../asn1/pem.ts'
import { EnrollError } from '../../errors.ts'
import { sha256Hex } from '../../sha256-hex.ts'
import type { Run } from '../run.ts'
import type { Artefact } from '../run-event.ts'
import type { RunRecord } from '../run-record.ts'
import { otherSubject, whyNotOrdered } from './judge-certificate.ts'

/** What a person says of a certificate that was not asked for at the CA. */
export interface ByHand {
  /** The subject may name somebody else than the order did. */
  readonly anySubject?: boolean
}

/**
 * Takes the issued certificate into the run: the one whose public key is the run's, byte for byte, and whatever chain came with
 * it; one that the run has already is kept under another name. `byHand`: from a file, which a person vouches for. Throws EnrollError
 * `certificate.other-key` where none has the key, `certificate.unfit` for an attestation or what else no CA has issued for the order,
 * `certificate.other-subject` by hand.
 */
export async function acceptCertificates(
  run: Run,
  ders: readonly Uint8Array[],
  source: string,
  byHand?: ByHand,
): Promise<void> {
  const certificates = ders.map((der) => parseCertificate(der))
  const own = await chooseOwn(run, certificates)
  if (byHand !== undefined && own.notAfter <= run.services.now())
    throw unfit(`ended on ${new Date(own.notAfter).toISOString()}`)
  const remark = await otherSubject(run, own)
  if (remark !== undefined && byHand !== undefined && byHand.anySubject !== true) throw foreign(run, remark)
  const chain = orderChain(own, certificates)
  const replaces = await keepPrevious(run, own)
  const certificate = await run.folder.writeArtefact('certificate.pem', Buffer.from(writePem('CERTIFICATE', own.der)))
  const chainFile =
    chain.length === 0
      ? undefined
      : await run.folder.writeArtefact(
          'chain.pem',
          Buffer.from(chain.map(({ der }) => writePem('CERTIFICATE', der)).join('')),
        )
  const fullchain = await run.folder.writeArtefact(
    'fullchain.pem',
    Buffer.from([own, ...chain].map(({ der }) => writePem('CERTIFICATE', der)).join('')),
  )
  await run.log({
    type: 'issued',
    certificate,
    chain: chainFile,
    fullchain,
    serialNumber: Buffer.from(own.serialNumber).toString('hex'),
    notAfter: new Date(own.notAfter).toISOString(),
    source,
    subject: printName(own.subject),
    issuer: printName(own.issuer),
    remark,
    replaces,
  })
  const detail = `certificate issued to ${printName(own.subject)} by ${printName(own.issuer)}`
  run.services.observer.step({ step: 'issue', status: 'done', detail })
  if (remark !== undefined)
    run.services.observer.step({ step: 'issue', status: 'waiting', detail: `remark: ${remark}` })
}

/** The first with the run's key that nothing speaks against. */
async function chooseOwn(run: Run, certificates: readonly Certificate[]): Promise<Certificate> {
  const own = certificates.filter((certificate) => isOwn(run.record, certificate))
  if (own.length === 0) {
    const subjects = certificates.map((certificate) => printName(certificate.subject)).join('; ')
    throw new EnrollError(
      'certificate.other-key',
      `Could not use the certificates: none of the ${certificates.length} has this run's key (${subjects}).`,
      {
        remedy: 'Check the order number, or import the file that the CA mailed with `hsm-enroll certificate import`.',
      },
    )
  }
  let why: string | undefined
  for (const certificate of own) {
    const fault = await whyNotOrdered(run, certificate, certificates)
    if (fault === undefined) return certificate
    why ??= fault
  }
  throw unfit(why ?? '')
}

const unfit = (why: string): EnrollError =>
  new EnrollError('certificate.unfit', `Could not use the certificate: it has this run's key, and it ${why}.`, {
    remedy: 'Import the certificate that the CA issued for the order.',
  })

const foreign = ({ id }: Run, remark: string): EnrollError =>
  new EnrollError('certificate.other-subject', `Could not import into the run ${id}: ${remark}.`, {
    remedy: 'Import the certificate of this order; if the CA changed the name with your consent, add --any-subject.',
  })

/** A certificate that the run has already is not lost with the next. */
async function keepPrevious({ record, folder }: Run, own: Certificate): Promise<Artefact | undefined> {
  const { certificate } = record
  if (certificate === undefined) return undefined
  const content = await folder.readArtefact(certificate)
  if (sha256Hex(Buffer.from(writePem('CERTIFICATE', own.der))) === certificate.sha256) return undefined
  return folder.writeArtefact(`certificate-${certificate.sha256.slice(0, 8)}.pem`, content)
}

/** Is one of them for the key of the run? One that only orders knows its key from the request that it sent. */
export const hasOwn = (record: RunRecord, ders: readonly Uint8Array[]): boolean =>
  ders.some((der) => isOwn(record, parseCertificate(der)))

const isOwn = ({ spkiSha256, submission }: RunRecord, { spki }: Certificate): boolean =>
  sha256Hex(spki) === (spkiSha256 ?? submission?.spkiSha256)

/** Issuers upward from the end entity, each at most once. */
function orderChain(own: Certificate, certificates: readonly Certificate[]): readonly Certificate[] {
  const chain: Certificate[] = []
  for (let current = own; ; ) {
    const issuer = certificates.find(
      (candidate) =>
        candidate !== own && !chain.includes(candidate) && Buffer.compare(candidate.subject, current.issuer) === 0,
    )
    if (issuer === undefined) return chain
    chain.push(issuer)
    current = issuer
  }
}
