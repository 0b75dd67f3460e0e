import { createHash } from 'node:crypto'
import { type Certificate, parseCertificate } from '../../asn1/certificate.ts'
import { printName } from '../../asn1/name.ts'
import { writePem } from '../../asn1/pem.ts'
import { EnrollError } from '../../errors.ts'
import type { Run } from '../run.ts'

/** Asks the CA once where the order stands; journals what it says. Returns true once the certificate is in the run folder. */
export async function runCollectStep(run: Run): Promise<boolean> {
  const { record, services, configuration } = run
  if (record.orderNumber === undefined) throw new Error('the run has no order')
  const ca = await services.certificateAuthority(configuration)
  const options = services.signal === undefined ? {} : { signal: services.signal }
  const order = {
    orderNumber: record.orderNumber,
    ...(record.certificateId === undefined ? {} : { certificateId: record.certificateId }),
  }
  const collection = await ca.collect(order, options)
  switch (collection.kind) {
    case 'issued':
      await acceptCertificates(run, collection.certificates, 'collected from the CA')
      return true
    case 'refused':
      throw new EnrollError(
        'ca.collect',
        `Could not collect the certificate of order ${record.orderNumber}: ${collection.refusal.code} ${collection.refusal.message}`,
        {
          remedy: collection.refusal.remedy,
          exitCode: 4,
        },
      )
    case 'not-yet': {
      const progress = await ca.orderProgress(record.orderNumber, options).catch((error: unknown) => {
        if (error instanceof EnrollError) return undefined
        throw error
      })
      const summary = progress?.summary ?? collection.message
      await run.log({
        type: 'progress',
        summary,
        steps: progress?.steps ?? [],
        ...(collection.nextCall === undefined ? {} : { nextPollAt: new Date(collection.nextCall).toISOString() }),
      })
      const open = progress?.steps.flatMap((step) => (step.instruction === undefined ? [] : [step.instruction])) ?? []
      services.observer.step({ step: 'issue', status: 'waiting', detail: [summary, ...open].join('; ') })
      return false
    }
  }
}

/**
 * Takes the issued certificate into the run: the one whose public key is the run's, byte for byte, and whatever chain came with
 * it. Throws EnrollError `certificate.other-key` where none is.
 */
export async function acceptCertificates(run: Run, ders: readonly Uint8Array[], source: string): Promise<void> {
  const certificates = ders.map((der) => parseCertificate(der))
  const own = certificates.find((certificate) => sha256(certificate.spki) === run.record.spkiSha256)
  if (own === undefined) {
    const subjects = certificates.map((certificate) => printName(certificate.subject)).join('; ')
    throw new EnrollError(
      'certificate.other-key',
      `Could not take the certificate: none of the ${certificates.length} has this run's key (${subjects}).`,
      {
        remedy: 'Check the order number, or import the file that the CA mailed with `hsm-enroll certificate import`.',
        exitCode: 4,
      },
    )
  }
  const chain = orderChain(own, certificates)
  const certificate = await run.folder.writeArtefact('certificate.pem', Buffer.from(writePem('CERTIFICATE', own.der)))
  const chainFile =
    chain.length === 0
      ? undefined
      : await run.folder.writeArtefact(
          'chain.pem',
          Buffer.from(chain.map(({ der }) => writePem('CERTIFICATE', der)).join('')),
        )
  await run.log({
    type: 'issued',
    certificate,
    ...(chainFile === undefined ? {} : { chain: chainFile }),
    serialNumber: Buffer.from(own.serialNumber).toString('hex'),
    notAfter: new Date(own.notAfter).toISOString(),
    source,
  })
  run.services.observer.step({
    step: 'issue',
    status: 'done',
    detail: `certificate issued to ${printName(own.subject)} by ${printName(own.issuer)}`,
  })
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

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
