/**
 * `npm run bench`: ratios measured in one run, so that they mean the same on any machine.
 * Each figure is the median of several rounds; the two sides of a ratio alternate within a round.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import type { HashName } from '../../devices/device.ts'
import { parseCertificate } from '../../src/asn1/certificate.ts'
import { parseNameText } from '../../src/asn1/name.ts'
import { readPem, writePem } from '../../src/asn1/pem.ts'
import { checkAttestation } from '../../src/check/check-attestation.ts'
import { buildCertificationRequest } from '../../src/csr/build-certification-request.ts'
import { testKeyPair } from '../../src/sandbox/test-key-pair.ts'
import { createYubikeyEvidenceIssuer } from '../../src/sandbox/yubikey/evidence/issuer.ts'

/** A pair as a YubiKey 5 makes it: both signatures RSA-2048 with SHA-256. */
function syntheticPair() {
  const issuer = createYubikeyEvidenceIssuer({ serial: 15_732_500, firmware: '5.4.3', formFactor: 0x81 })
  const leaf = issuer.attest({ spki: testKeyPair('P-256').spki, slot: 0x9c, pinPolicy: 2, touchPolicy: 1 })
  const pem = [leaf, issuer.f9Certificate].map((der) => writePem('CERTIFICATE', der)).join('')
  return {
    package: Buffer.from(pem),
    trustAnchors: issuer.trustAnchors,
    rootSpki: parseCertificate(issuer.root.certificate).spki,
  }
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

interface Ratio {
  readonly what: string
  readonly over: string
  readonly ratio: number
}

async function measure(
  what: string,
  over: string,
  rounds: number,
  repeat: number,
  subject: () => unknown,
  base: () => unknown,
): Promise<Ratio> {
  const ratios: number[] = []
  for (let round = 0; round < rounds + 2; round++) {
    const [a, b] = [await time(repeat, subject), await time(repeat, base)]
    // The first two rounds warm up.
    if (round >= 2) ratios.push(a / b)
  }
  return { what, over, ratio: median(ratios) }
}

async function time(repeat: number, action: () => unknown): Promise<number> {
  const start = process.hrtime.bigint()
  for (let i = 0; i < repeat; i++) await action()
  return Number(process.hrtime.bigint() - start)
}

/** A YubiKey pair against the two `crypto.verify` calls that it cannot do without, keys imported each time on both sides. */
function verification(): Promise<Ratio> {
  const { package: pair, trustAnchors, rootSpki } = syntheticPair()
  const [leaf, f9] = readPem(Buffer.from(pair).toString('latin1')).map(({ der }) => parseCertificate(der))
  if (leaf === undefined || f9 === undefined) throw new Error('no pair')
  const spki = (der: Uint8Array) => createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' })
  const now = Date.UTC(2026, 0, 1)
  return measure(
    'verification of a YubiKey pair',
    'its two bare crypto.verify calls',
    15,
    400,
    () => checkAttestation({ hsmType: 'YUBIKEY', package: pair, trustAnchors, now }),
    () =>
      verify('sha256', leaf.tbs, spki(f9.spki), leaf.signature) &&
      verify('sha256', f9.tbs, spki(rootSpki), f9.signature),
  )
}

/** A request against the signature in it: what building, reading back and verifying add. */
function request(): Promise<Ratio> {
  const pair = generateKeyPairSync('rsa', { modulusLength: 3072 })
  const key = createPrivateKey(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }))
  const publicKey = new Uint8Array(pair.publicKey.export({ type: 'spki', format: 'der' }))
  const signer = {
    publicKey,
    sign: async (hash: HashName, data: Uint8Array) => new Uint8Array(sign(hash.replace('-', ''), data, key)),
  }
  const subject = parseNameText('CN=Example Ltd,O=Example Ltd,L=Utrecht,C=NL')
  const info = Buffer.alloc(400)
  return measure(
    'an RSA-3072 request, built, signed, read back and verified',
    "the key's own signature (in software; a device takes far longer)",
    9,
    40,
    () => buildCertificationRequest({ subject }, signer),
    () => signer.sign('SHA-256', info),
  )
}

const ratios = [await verification(), await request()]
if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify(ratios, null, 2)}\n`)
else
  for (const { what, over, ratio } of ratios)
    process.stdout.write(`${ratio.toFixed(2).padStart(7)} x  ${what}, over ${over}\n`)
