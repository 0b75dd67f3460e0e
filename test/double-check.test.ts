import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { writePem } from '../src/asn1/pem.ts'
import { evidenceCertificates } from '../src/check/evidence-certificates.ts'
import type { SyntheticEvidence } from '../src/sandbox/synthetic-evidence.ts'
import { testKeyPair } from '../src/sandbox/test-key-pair.ts'
import { createYubikeyEvidenceIssuer, createYubikeyTestRoot } from '../src/sandbox/yubikey/evidence/issuer.ts'
import { syntheticEvidence as fortanix } from './evidence/fortanix.ts'
import { syntheticEvidence as luna } from './evidence/luna.ts'
import { syntheticEvidence as marvellGoogle } from './evidence/marvell-google.ts'
import { syntheticEvidence as nshield } from './evidence/nshield.ts'
import { syntheticEvidence as yubihsm2 } from './evidence/yubihsm2.ts'
import { syntheticEvidence as yubikey } from './evidence/yubikey.ts'
import { allHere } from './not-run.ts'
import { sharedFolder } from './shared-folder.ts'

const page = readFileSync(resolve(import.meta.dirname, '../docs/double-check.md'), 'utf8')
const blocks = new Map(
  [...page.matchAll(/```sh ([a-z0-9-]+)\n([\s\S]*?)```/g)].map(([, name = '', code = '']) => [name, code]),
)
const block = (name: string): string => blocks.get(name) ?? `echo no block ${name}; exit 1`

type Files = Readonly<Record<string, Uint8Array | string>>

/** A virtual machine of Java that lives for one certificate starts in half the time if it prepares for no more, and guards no secret. */
const JAVA = [
  ...['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'],
  ...['-Dkeystore.pkcs12.macIterationCount=1', '-Dkeystore.pkcs12.certPbeIterationCount=1'],
].join(' ')

/** What the page's commands print for these files. */
function run(name: string, files: Files, status: 0 | 1 | 'any' = 0): string {
  const folder = mkdtempSync(join(tmpdir(), 'double-check-'))
  try {
    for (const [file, content] of Object.entries(files)) writeFileSync(join(folder, file), content)
    const end = spawnSync('bash', ['-eu', '-o', 'pipefail', '-c', `n=0\n${block('common')}\n${block(name)}`], {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, JAVA_TOOL_OPTIONS: JAVA },
    })
    const told = `${end.stdout}${end.stderr}\n${readdirSync(folder).join(' ')}`
    if (status !== 'any') expect(end.status, told).toBe(status)
    return end.stdout
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Every certificate is signed by another one or by a root, and a root signed one. */
function expectWhole(printed: string): void {
  const links = [...printed.matchAll(/^(\S+) <- (\S+)$/gm)].map(([, child = '', issuer = '']) => ({ child, issuer }))
  let at: string | undefined = links.find(({ child }) => child === 'statement')?.issuer ?? start(links)
  const seen = new Set<string>()
  while (at !== undefined && !at.startsWith('root')) {
    seen.add(at)
    const from = links.filter(({ child }) => child === at)
    at = (from.find(({ issuer }) => issuer.startsWith('root')) ?? from.find(({ issuer }) => !seen.has(issuer)))?.issuer
  }
  expect(at ?? 'no root', printed).toMatch(/^root/)
}
/** The certificate that signed no other: the leaf. */
const start = (links: readonly { child: string; issuer: string }[]): string =>
  links.find(({ child }) => !links.some(({ issuer }) => issuer === child))?.child ?? 'no leaf'

const rootsOf = ({ trustAnchors }: SyntheticEvidence): Files =>
  Object.fromEntries(
    trustAnchors.map(({ spki }, index) => [
      `root-${index + 1}.pem`,
      writePem('PUBLIC KEY', Buffer.from(spki, 'base64')),
    ]),
  )
const named = (list: readonly SyntheticEvidence[], test: (name: string) => boolean): SyntheticEvidence => {
  const found = list.find(({ name, expect: wanted }) => wanted === 'genuine' && test(name))
  if (found === undefined) throw new Error('no such specimen')
  return found
}

const missing = ['openssl', 'bash', 'awk', 'python3', 'certtool', 'keytool'].filter(
  (program) => spawnSync(program, ['--version']).error !== undefined,
)
const here = allHere(missing)

describe.runIf(here)('the commands of docs/double-check.md, on synthetic evidence', () => {
  it('are all run here', () => {
    expect([...blocks.keys()].toSorted()).toEqual([
      ...['binding', 'certtool', 'common', 'fortanix', 'keytool', 'luna', 'marvell-google', 'nshield', 'yubihsm2'],
      'yubikey',
    ])
  })

  // biome-ignore format: a table
  const rows: readonly (readonly [string, () => SyntheticEvidence, string])[] = [
    ['yubikey', () => named(yubikey(), (name) => name === 'plain pair'), 'attestation.pem'],
    ['yubikey', () => named(yubikey(), (name) => name.includes('without basicConstraints')), 'attestation.pem'],
    ['yubihsm2', () => named(yubihsm2(), () => true), 'attestation.pem'],
    ['luna', () => named(luna(), (name) => /RSA/.test(name)), 'attestation.p7b'],
    ['fortanix', () => named(fortanix(), () => true), 'key_attestation.json'],
    ['marvell-google', () => named(marvellGoogle(), () => true), 'attestation.dat'],
  ]
  it.each(rows)('%s: the chain leads to the root, and to no other', (name, specimen, file) => {
    const evidence = specimen()
    const chains: Files = evidence.certChains === undefined ? {} : { 'chains.pem': evidence.certChains }
    const files = { ...rootsOf(evidence), ...chains, [file]: evidence.package }
    expectWhole(run(name, files))
    const strange = rootsOf(named(yubikey(), (each) => each === 'plain pair'))
    expect(() =>
      expectWhole(
        run(name, {
          ...files,
          ...Object.fromEntries(Object.keys(rootsOf(evidence)).map((root) => [root, Object.values(strange)[0] ?? ''])),
        }),
      ),
    ).toThrow()
  })
})

const NSHIELD_STEPS =
  /^1: warrant <- 0\n(?:\d: warrant <- \d\n){0,7}\d: module state <- \d\n\d: key generation <- \d\n$/

describe.runIf(here)('the same of nShield', () => {
  const bundles = nshield()
  it.each(bundles.filter(({ name, expect: wanted }) => wanted === 'genuine' && /world|warrant with/.test(name)))(
    '$name: every step is signed by the one before, up to the root',
    (evidence) => {
      const files = { 'attestation.att': evidence.package, 'root.pem': Object.values(rootsOf(evidence))[0] ?? '' }
      const printed = run('nshield', files)
      expect(printed).toMatch(NSHIELD_STEPS)
      const steps = [...printed.matchAll(/^(\d): .* <- (\d)$/gm)]
      expect(steps.map(([, step, issuer]) => Number(step) - Number(issuer))).toEqual(steps.map(() => 1))
    },
  )

  it('under another root, and with a changed message, a step is missing', () => {
    const [first, second] = bundles.filter(({ name }) => /FIPS world with P-521|KML of P-256/.test(name))
    if (first === undefined || second === undefined) throw new Error('no such bundles')
    const root = Object.values(rootsOf(first))[0] ?? ''
    const strange = run('nshield', { 'attestation.att': second.package, 'root.pem': root }, 'any')
    expect(strange).not.toContain('1: warrant <- 0')
    const bundle = JSON.parse(Buffer.from(first.package).toString()) as Record<string, string>
    const other = JSON.parse(Buffer.from(second.package).toString()) as Record<string, string>
    const spliced = JSON.stringify({ ...bundle, kcmsg: other.kcmsg })
    expect(run('nshield', { 'attestation.att': spliced, 'root.pem': root }, 'any')).not.toContain('key generation')
  })
})

/** The certificates that `keytool` took in without a question. */
const signed = (printed: string): readonly string[] =>
  [...printed.matchAll(/^(\S+) is signed by one above it$/gm)].map(([, file = '']) => file).toSorted()

describe.runIf(here)('GnuTLS and Java', () => {
  /** Leaf first, and the root as a certificate; evidence whose root came along. */
  const filesOf = (evidence: SyntheticEvidence, root?: Uint8Array): Files => {
    const all = evidenceCertificates(evidence.hsmType, evidence.package)
    const pem = ({ der }: { readonly der: Uint8Array }): string => writePem('CERTIFICATE', der)
    const [last] = all.slice(-1)
    const chain = all.slice(0, -1).map(pem)
    return {
      ...Object.fromEntries(chain.map((text, index) => [`cert-${index + 1}.pem`, text])),
      'chain.pem': chain.join(''),
      'root.pem': root === undefined ? pem(last ?? { der: new Uint8Array() }) : writePem('CERTIFICATE', root),
    }
  }
  // biome-ignore format: a table
  const rows: readonly (readonly [string, specimen: () => SyntheticEvidence, javaRefuses: readonly string[]])[] = [
    ['YUBIKEY', () => named(yubikey(), (name) => name === 'with intermediate and root'), []],
    ['YUBIHSM2', () => named(yubihsm2(), (name) => name === 'with Sub-CA and root'), []],
    ['LUNA, RSA', () => named(luna(), (name) => name === 'RSA, five certificates'), []],
    ['LUNA, EC with unsigned r and s', () => named(luna(), (name) => name === 'EC, three certificates, unsigned r and s'), []],
    ['LUNA, EC with a padded r or s', () => named(luna(), (name) => name.includes('begins with a zero octet')), ['cert-1.pem']],
  ]
  it.each(rows)('%s: GnuTLS verifies the chain, and Java all but %3$s', (_, specimen, javaRefuses) => {
    const evidence = specimen()
    const files = filesOf(evidence)
    expect(run('certtool', files)).toContain('Chain verification output: Verified. The certificate is trusted.')
    const links = Object.keys(files).filter((file) => file.startsWith('cert-'))
    expect(signed(run('keytool', files))).toEqual(links.filter((file) => !javaRefuses.includes(file)))
    const strange = filesOf(evidence, createYubikeyTestRoot('P-256', 'Another root').certificate)
    expect(run('certtool', strange, 1)).toContain('Not verified')
  })

  it('an F9 certificate that does not say that it is a CA is refused by GnuTLS, and not by Java', () => {
    const issuer = createYubikeyEvidenceIssuer({ firmware: '4.3.7' }, { keyType: 'P-256', f9BasicConstraints: false })
    const leaf = issuer.attest({ spki: testKeyPair('P-256').spki, slot: 0x9c, pinPolicy: 2, touchPolicy: 1 })
    const [first, second] = [leaf, issuer.f9Certificate].map((der) => writePem('CERTIFICATE', der))
    const files: Files = {
      'cert-1.pem': first ?? '',
      'cert-2.pem': second ?? '',
      'chain.pem': `${first}${second}`,
      'root.pem': writePem('CERTIFICATE', issuer.root.certificate),
    }
    expect(run('certtool', files, 1)).toContain('Not verified')
    expect(signed(run('keytool', files))).toEqual(['cert-1.pem', 'cert-2.pem'])
    const strange = { ...files, 'root.pem': writePem('CERTIFICATE', createYubikeyTestRoot('P-256').certificate) }
    expect(signed(run('keytool', strange))).toEqual([])
  })
})

const vectors = sharedFolder('vectors')
describe.runIf(here && vectors !== undefined)('the same on evidence of real devices', () => {
  const read = (file: string): Buffer => readFileSync(join(vectors ?? '', file))
  const yubico = 'roots/yubico'
  // biome-ignore format: a table
  const rows: readonly (readonly [string, string, () => Files])[] = [
    ['yubikey', 'firmware 4.3.5, F9 without basicConstraints', () => ({ 'attestation.pem': read('yubikey/ovh-4.3.5-rsa2048/attestation.pem'), 'root.pem': read(`${yubico}/yubico-piv-ca-1.pem`) })],
    ['yubikey', 'firmware 5.4.3 FIPS', () => ({ 'attestation.pem': read('yubikey/ipxe-5.4.3-fips-9a/attestation.pem'), 'root.pem': read(`${yubico}/yubico-piv-ca-1.pem`) })],
    ['yubihsm2', 'with the sub-CA', () => ({ 'attestation.pem': Buffer.concat([read('yubihsm2/gillstrom-20783176-rsa4096/attestation.pem'), read(`${yubico}/E45DA5F361B091B30D8F2C6FA040DB6FEF57918E.pem`)]), 'root.pem': read(`${yubico}/yubihsm2-attest-ca-crt.pem`) })],
    ['luna', 'RSA', () => ({ 'attestation.p7b': read('luna/thales-rsa/attestation.p7b'), 'root.pem': read('roots/luna/chrysalis-root-80450000000D.pem') })],
    ['marvell-google', 'RSA', () => ({ 'attestation.dat': read('marvell-google/smallstep-rsa/attestation.dat'), 'chains.pem': read('marvell-google/smallstep-rsa/certs.pem'), 'root-1.pem': read('roots/google/marvell_2015.pem'), 'root-2.pem': read('roots/google/google_hawksbill_v1.pem') })],
    ['fortanix', 'RSA', () => ({ 'key_attestation.json': read('fortanix/docs-sample/key_attestation.json'), 'root.pem': read('roots/fortanix/root.pem') })],
  ]
  it.each(rows)('%s, %s', (name, _what, files) => {
    expectWhole(run(name, files()))
  })

  it('nshield, a softcard key', () => {
    const files = {
      'attestation.att': read('nshield/entrust-softcard-ec/key_pkcs11_test2.att'),
      'root.pem': read('roots/nshield/kwarn-1.pub.pem'),
    }
    expect(run('nshield', files)).toMatch(NSHIELD_STEPS)
  })

  it('the key of a request is the attested one', () => {
    const [pair, csr] = ['attestation.pem', 'request.csr.pem'].map((file) =>
      read(`yubihsm2/gillstrom-20783176-rsa4096/${file}`),
    )
    expect(run('binding', { 'cert-1.pem': pair ?? '', 'request.csr': csr ?? '' })).toContain('the same key')
  })
})
