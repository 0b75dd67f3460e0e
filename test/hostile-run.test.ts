import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, it, vi } from 'vitest'
import { createFortanixEvidenceIssuer } from '../src/sandbox/fortanix/evidence/issuer.ts'
import { createMarvellGoogleEvidenceIssuer } from '../src/sandbox/marvell-google/evidence/issuer.ts'
import { testKeyPair } from '../src/sandbox/test-key-pair.ts'
import { syntheticEvidence as nshield } from './evidence/nshield.ts'
import type { Specimen } from './tools/corpus.ts'
import { HostileRun } from './tools/hostile-run.ts'

// A verifier that believes every signature: does the judge of the fuzzing notice?
vi.mock('../src/attestation/certificates/verify-signature.ts', async (original) => ({
  ...(await original<object>()),
  verifySignature: () => true,
}))

const { spki } = testKeyPair('P-256')
const NOW = Date.parse('2026-11-22T00:00:00Z')

describe('the judge of mutants, over a verifier that believes every signature', () => {
  it('reports a signed byte of a Cloud HSM statement that no claim shows, and passes over unsigned bytes', () => {
    const { attest, trustAnchors } = createMarvellGoogleEvidenceIssuer()
    const { content, certChainsPem } = attest({ spki, versionName: 'projects/p' })
    const specimen: Specimen = {
      name: 'P-256',
      hsmType: 'MARVELL_GOOGLE',
      package: content,
      certChains: certChainsPem,
      trustAnchors,
    }
    const run = new HostileRun([specimen], 1, NOW)
    const plain = gunzipSync(specimen.package)
    expect(run.judge({ ...specimen, package: gzipSync(plain, { level: 1 }) })).toBe('intact')
    const label = plain.indexOf('app_key')
    plain[label] = 0x41
    expect(run.judge({ ...specimen, package: gzipSync(plain) })).toBe('GENUINE')
    expect(run.incidents).toHaveLength(1)
  })

  it('knows an nShield bundle that a splice put back, and one that lost members which nothing signs; any other value is reported', () => {
    const all = nshield()
    const bad = all.find(({ name }) => name === 'hkmc of another world')
    const base = all.find(({ name }) => name === 'the bundle that the bad ones are made of')
    const recovered = all.find(
      ({ name, package: package_ }) => name === 'RSA-2048' && Buffer.from(package_).includes('hkre'),
    )
    if (bad === undefined || base === undefined) throw new Error('the list of evidence lacks them')
    const run = new HostileRun(all, 1, NOW)
    expect(run.judge({ ...bad, package: base.package })).toBe('intact')
    const members = JSON.parse(Buffer.from((recovered ?? base).package).toString()) as Record<string, string>
    const { hkre: _, hkra: __, CertKREaKRAbKNSO: ___, ...rest } = members
    expect(run.judge({ ...base, package: Buffer.from(JSON.stringify({ ...rest, hkrx: 'AAAA' })) })).toBe('intact')
    const other = all.find(({ name }) => name === 'the bundle that their strange members are from')
    const stranger = JSON.parse(Buffer.from((other ?? base).package).toString()) as Record<string, string>
    const mixed = { ...JSON.parse(Buffer.from(base.package).toString()), kcsig: stranger.kcsig }
    expect(run.judge({ ...base, package: Buffer.from(JSON.stringify(mixed)) })).toBe('GENUINE')
  })

  it('reports a byte of a Fortanix signature, and passes over the blanks of its JSON', () => {
    const { attest, trustAnchors } = createFortanixEvidenceIssuer()
    const package_ = attest({ spki, kid: '5e0c9d2a-1b7f-4c33-9d66-00112233445f' })
    const specimen: Specimen = { name: 'plain', hsmType: 'FORTANIX', package: package_, trustAnchors }
    const run = new HostileRun([specimen], 1, NOW)
    const reply: { readonly attestation_statement: { statement: string } } = JSON.parse(
      Buffer.from(specimen.package).toString(),
    )
    const text = (): Uint8Array => Buffer.from(JSON.stringify(reply, null, 2))
    expect(run.judge({ ...specimen, package: text() })).toBe('intact')
    const statement = Buffer.from(reply.attestation_statement.statement, 'base64')
    statement[statement.length - 1] = (statement.at(-1) ?? 0) ^ 1
    reply.attestation_statement.statement = statement.toString('base64')
    expect(run.judge({ ...specimen, package: text() })).toBe('GENUINE')
  })
})
