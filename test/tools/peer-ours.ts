/**
 * `node dist/tools/peer-ours.js [--bare] FOLDER`: our side of `bench:peers`, in a process of its own as every peer is. Prints, as JSON,
 * how many pairs and the processor time in microseconds: reading files left out, everything else included. `--bare`: the two
 * signature verifications alone, with certificates read and keys at hand before the clock starts.
 */
import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseCertificate } from '../../src/asn1/certificate.ts'
import { readPem } from '../../src/asn1/pem.ts'
import { checkAttestation } from '../../src/check/check-attestation.ts'
import { testTrustAnchor } from '../../src/sandbox/synthetic-evidence.ts'

const folder = process.argv.slice(2).find((argument) => !argument.startsWith('-')) ?? '.'
const root = readFileSync(join(folder, 'root.pem'))
const [rootBlock] = readPem(root.toString('latin1'))
if (rootBlock === undefined) throw new Error('root.pem holds no certificate')
const trustAnchors = [testTrustAnchor(rootBlock.der, ['YUBIKEY'])]
const now = Date.now()

const read = (name: string): readonly Uint8Array[] =>
  readdirSync(join(folder, name))
    .sort()
    .map((file) => readFileSync(join(folder, name, file)))

function judge(package_: Uint8Array): void {
  const { genuine, checks } = checkAttestation({ hsmType: 'YUBIKEY', package: package_, trustAnchors, now })
  if (!genuine || !checks.some(({ group }) => group === 'policy')) throw new Error('a pair was not genuine')
}

const keys = new Map<string, KeyObject>()

/** The same object for the same key. */
function keyAtHand(spki: Buffer): KeyObject {
  const name = spki.toString('latin1')
  const key = keys.get(name) ?? createPublicKey({ key: spki, format: 'der', type: 'spki' })
  keys.set(name, key)
  return key
}

/** What stays to do for a pair when everything else is done. */
function bare(package_: Uint8Array): () => void {
  const certificates = [...readPem(Buffer.from(package_).toString('latin1')), ...readPem(root.toString('latin1'))]
  const [leaf, f9, anchor] = certificates.map(({ der }) => parseCertificate(der))
  if (leaf === undefined || f9 === undefined || anchor === undefined) throw new Error('this is not a pair')
  const [f9Key, rootKey] = [f9, anchor].map(({ spki }) => keyAtHand(Buffer.from(spki)))
  if (f9Key === undefined || rootKey === undefined) throw new Error('there are fewer keys than certificates')
  return () => {
    if (!verify('sha256', leaf.tbs, f9Key, leaf.signature) || !verify('sha256', f9.tbs, rootKey, f9.signature))
      throw new Error('a signature did not verify')
  }
}

const isBare = process.argv.includes('--bare')
const work = (name: string): readonly (() => void)[] =>
  read(name).map((package_) => (isBare ? bare(package_) : () => judge(package_)))
// Other pairs of other devices, as many as are timed: a compiler that works as the program runs needs some 4,000. None comes twice.
for (const one of work('warm-up')) one()
const pairs = work('pairs')
const start = process.cpuUsage()
for (const one of pairs) one()
const { user, system } = process.cpuUsage(start)
process.stdout.write(`${JSON.stringify({ pairs: pairs.length, microseconds: user + system })}\n`)
