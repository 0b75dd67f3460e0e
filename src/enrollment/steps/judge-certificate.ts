import { X509Certificate } from 'node:crypto'
import type { Certificate } from '../../asn1/certificate.ts'
import { nameValues, parseName, printName } from '../../asn1/name.ts'
import { readPem } from '../../asn1/pem.ts'
import { isAcme } from '../../config/order-route.ts'
import { orderForm } from '../../config/profile.ts'
import { parseCertificationRequest } from '../../csr/certification-request.ts'
import type { Run } from '../run.ts'
import { readRequest } from './read-request.ts'

/** Yubico's arc: its attestations have extensions under it, and no other certificate does (developers.yubico.com, PIV attestation). */
const YUBICO_ARC = '1.3.6.1.4.1.41482.'

/** CAs date certificates back, by a day or so; nobody issues one for a key before it was generated. */
const BACKDATED = 3 * 86_400_000

/** What a certificate with the run's key is not: the one that was ordered. Each follows "it ". Undefined where nothing speaks against it. */
export async function whyNotOrdered(
  run: Run,
  certificate: Certificate,
  others: readonly Certificate[],
): Promise<string | undefined> {
  const { subject, issuer, notBefore, extensions } = certificate
  if (Buffer.compare(subject, issuer) === 0) return 'is signed by its own key: no CA has issued it'
  if ([...extensions.keys()].some((oid) => oid.startsWith(YUBICO_ARC))) return 'is an attestation of the device'
  if (await isEvidence(run, certificate)) return 'is part of the attestation of the key'
  if (notBefore < earliest(run) - BACKDATED)
    return `is valid from ${new Date(notBefore).toISOString()} on, before the run generated its key`
  const named = others.find((other) => Buffer.compare(other.subject, issuer) === 0)
  if (named !== undefined && !isSignedBy(certificate, named))
    return `is not signed by ${printName(named.subject)}, which comes with it as its issuer`
  return undefined
}

/** When the run had begun at the latest: a clock that was ahead then, and was put right since, must not rule out what was paid for. */
const earliest = ({ record, services }: Run): number =>
  Math.min(Date.parse(record.startedAt), Date.parse(record.updatedAt), services.now())

/** Is it one of the certificates that the run has sent as evidence? */
async function isEvidence({ record, folder }: Run, { der }: Certificate): Promise<boolean> {
  for (const artefact of [record.attestation, record.certChains]) {
    if (artefact === undefined) continue
    const content = Buffer.from(await folder.readArtefact(artefact))
    if (content.includes(Buffer.from(der)) || content.includes(Buffer.from(der).toString('base64'))) return true
    if (blocksOf(content).some((block) => Buffer.compare(block, der) === 0)) return true
  }
  return false
}

function blocksOf(content: Buffer): readonly Uint8Array[] {
  try {
    return readPem(content.toString('latin1')).map(({ der }) => der)
  } catch {
    // A package that is not PEM was looked through as it is.
    return []
  }
}

function isSignedBy(certificate: Certificate, issuer: Certificate): boolean {
  try {
    return new X509Certificate(certificate.der).verify(new X509Certificate(issuer.der).publicKey)
  } catch {
    return false
  }
}

/**
 * What the subject says otherwise than the order: the organization, or without one the name. A CA may add and leave out parts, so that
 * only what names the holder counts. Undefined where it fits, or nothing was asked for.
 */
export async function otherSubject(run: Run, { subject }: Certificate): Promise<string | undefined> {
  if (isAcme(run.configuration)) return otherThanRequested(run, subject)
  const asked = await askedNames(run)
  const got = parseName(subject)
  const [organization] = nameValues(got, 'O')
  const holder = organization ?? nameValues(got, 'CN')[0]
  const wanted = organization === undefined ? asked.names : asked.organizations
  if (holder === undefined || wanted.length === 0 || wanted.some((name) => isSame(name, holder))) return undefined
  return `the certificate is for "${holder}", and ${wanted.map((name) => `"${name}"`).join(' or ')} was asked for`
}

/** An ACME server writes the subject by its own template: step-ca keeps the CN alone, and writes none where there is no CN. */
async function otherThanRequested(run: Run, subject: Uint8Array): Promise<string | undefined> {
  if (run.record.request === undefined) return undefined
  const asked = parseCertificationRequest(await readRequest(run)).subject
  const [got, wanted] = [printName(subject), printName(asked)]
  // Text may be of another string type: Go writes PrintableString where it can.
  if (got === wanted) return undefined
  return `the certificate's subject is ${got === '' ? 'empty' : `"${got}"`}, and "${wanted}" was asked for`
}

const isSame = (one: string, other: string): boolean => plain(one) === plain(other)
const plain = (name: string): string =>
  name
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[\s.,]+/g, ' ')
    .trim()

/** Of the request and of the order form. */
async function askedNames(
  run: Run,
): Promise<{ readonly organizations: readonly string[]; readonly names: readonly string[] }> {
  const form = orderForm(run.configuration)
  const request =
    run.record.request === undefined ? [] : parseName(parseCertificationRequest(await readRequest(run)).subject)
  const given = (...values: readonly (string | undefined)[]): readonly string[] =>
    values.filter((value) => value !== undefined && value !== '') as string[]
  const person = `${form.appRepForename ?? ''} ${form.appRepSurname ?? ''}`.trim()
  const organizations = given(form.organizationName, ...nameValues(request, 'O'))
  return { organizations, names: given(person, ...nameValues(request, 'CN'), ...organizations) }
}
