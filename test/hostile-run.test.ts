import { gunzipSync, gzipSync } from 'node:zlib'
import { describe, expect, it, vi } from 'vitest'
import { createFortanixEvidenceIssuer } from '../src/sandbox/fortanix/evidence/issuer.ts'
import { createMarvellGoogleEvidenceIssuer } from '../src/sandbox/marvell-google/evidence/issuer.ts'
import { testKeyPair } from '../src/sandbox/test-key-pair.ts'
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
