import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { writePem } from '../src/asn1/pem.ts'
import type { SyntheticEvidence } from '../src/sandbox/synthetic-evidence.ts'
import { syntheticEvidence as fortanix } from './evidence/fortanix.ts'
import { syntheticEvidence as luna } from './evidence/luna.ts'
import { syntheticEvidence as marvellGoogle } from './evidence/marvell-google.ts'
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

/** What the page's commands print for these files. */
function run(name: string, files: Files): string {
  const folder = mkdtempSync(join(tmpdir(), 'double-check-'))
  try {
    for (const [file, content] of Object.entries(files)) writeFileSync(join(folder, file), content)
    const end = spawnSync('bash', ['-eu', '-o', 'pipefail', '-c', `n=0\n${block('common')}\n${block(name)}`], {
      cwd: folder,
      encoding: 'utf8',
    })
    expect(end.status, `${end.stdout}${end.stderr}\n${readdirSync(folder).join(' ')}`).toBe(0)
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

const missing = ['openssl', 'bash', 'awk'].filter((program) => spawnSync(program, ['--version']).error !== undefined)
const here = allHere(missing)

describe.runIf(here)('the commands of docs/double-check.md, on synthetic evidence', () => {
  it('are all run here', () => {
    expect([...blocks.keys()].toSorted()).toEqual(
      ['binding', 'common', 'fortanix', 'luna', 'marvell-google', 'yubihsm2', 'yubikey'].toSorted(),
    )
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

  it('the key of a request is the attested one', () => {
    const [pair, csr] = ['attestation.pem', 'request.csr.pem'].map((file) =>
      read(`yubihsm2/gillstrom-20783176-rsa4096/${file}`),
    )
    expect(run('binding', { 'cert-1.pem': pair ?? '', 'request.csr': csr ?? '' })).toContain('the same key')
  })
})
