import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { writePem } from '../src/asn1/pem.ts'
import { createFortanixEvidenceIssuer } from '../src/sandbox/fortanix/evidence/issuer.ts'
import { testKeyPair } from '../src/sandbox/test-key-pair.ts'
import { sharedFolder } from './shared-folder.ts'
import { runVectors } from './tools/run-vectors.ts'

const shared = sharedFolder('vectors')
const folder = mkdtempSync(join(tmpdir(), 'vectors-'))
afterAll(() => rmSync(folder, { recursive: true }))

const write = (name: string, content: string | Uint8Array): string => {
  writeFileSync(join(folder, name), content)
  return name
}
const run = (...rows: readonly unknown[]) => {
  write('manifest.json', JSON.stringify(rows))
  return runVectors(folder)
}

const { spki } = testKeyPair('P-256')
const forged = write(
  'forged.json',
  createFortanixEvidenceIssuer().attest({ spki, kid: '5e0c9d2a-1b7f-4c33-9d66-00112233445f' }),
)
const row = { id: 'forged', hsmType: 'FORTANIX', attestation: forged, expect: 'refuse' }

describe('the runner of vectors', () => {
  it('judges every row, and counts as wrong what cannot be judged', () => {
    const outcomes = run(
      row,
      { ...row, id: 'other family', hsmType: 'SECUROSYS' },
      { ...row, id: 'other word', expect: 'perhaps' },
      { ...row, id: 'no file', attestation: 'missing.json' },
      { ...row, id: 'no key file', publicKey: 'missing.pem' },
      { id: 'nothing else' },
      null,
      { ...row, id: 'last', csr: null, certChains: null, claims: null },
    )
    expect(outcomes.map(({ id, ok, got }) => [id, ok, got])).toEqual([
      ['forged', true, 'refuse'],
      ['other family', false, 'not judged'],
      ['other word', false, 'not judged'],
      ['no file', false, 'not judged'],
      ['no key file', false, 'not judged'],
      ['nothing else', false, 'not judged'],
      ['row 7', false, 'not judged'],
      ['last', true, 'refuse'],
    ])
    for (const { ok, detail } of outcomes) expect(ok || detail !== '').toBe(true)
  })

  it('compares the claims of evidence that is refused as well, wherever a result has them', () => {
    const claims = { key: 'P256', keyUuid: '5e0c9d2a-1b7f-4c33-9d66-00112233445f', vendor: 'Fortanix', local: true }
    const [right, wrong] = run({ ...row, claims }, { ...row, claims: { ...claims, local: false, serial: 7 } })
    expect(right?.differences).toEqual([])
    expect(wrong?.ok).toBe(false)
    expect(wrong?.differences).toEqual(['local: expected false, got true', 'serial: expected 7, got undefined'])
  })

  it('refuses a request that cannot be read, as check does', () => {
    const csr = write('bad.csr', '-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n')
    expect(run({ ...row, csr })[0]).toMatchObject({
      ok: true,
      got: 'refuse',
      detail: expect.stringMatching(/^\w+\.\w+/),
    })
  })

  it.runIf(shared !== undefined)('tells evidence for another key from evidence that is refused', () => {
    const real = relative(folder, join(shared ?? '', 'fortanix/docs-sample/key_attestation.json'))
    const publicKey = write('other.pem', writePem('PUBLIC KEY', spki))
    const outcomes = run(
      { ...row, attestation: real, expect: 'genuine' },
      { ...row, attestation: real, publicKey, expect: 'genuine-but-other-key' },
      { ...row, attestation: real, publicKey, expect: 'genuine' },
    )
    expect(outcomes.map(({ ok }) => ok)).toEqual([true, true, false])
  })
})
