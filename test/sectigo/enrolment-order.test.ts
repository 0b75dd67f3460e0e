import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { parseCertificate } from '../../src/asn1/certificate.ts'
import { writePem } from '../../src/asn1/pem.ts'
import type { RunningCertificateAuthority } from '../../src/sandbox/certificate-authority/certificate-authority.ts'
import { createSectigo } from '../../src/sectigo/sectigo.ts'
import { clientOptions, documentSigningForm, sharedKey, start } from './rehearsal-kit.ts'

let ca: RunningCertificateAuthority | undefined
afterEach(() => ca?.close())

describe('an order from form to certificate', () => {
  test('is validated, placed, followed, collected, and chains with openssl', async () => {
    ca = await start()
    const sectigo = createSectigo(clientOptions(ca))
    const form = documentSigningForm({ showCertificateID: 'Y', showCertificateState: 'Y' })
    expect(sectigo.validateOrder(form)).toEqual([])
    const before = await sectigo.balance()
    expect(before).toEqual({ accountId: '10001', currency: 'EUR', amount: '1000.00', hardLimit: '0.00' })
    const outcome = await sectigo.applyOrder(form)
    expect(outcome).toMatchObject({
      kind: 'ordered',
      amount: '245.00',
      paymentRequired: false,
      certificateState: 'issued',
    })
    if (outcome.kind !== 'ordered') return
    expect(outcome.certificateId).toMatch(/^\d{9}$/)
    expect((await sectigo.balance()).amount).toBe('755.00')
    const progress = await sectigo.orderProgress(outcome.orderNumber)
    expect(progress.state).toBe('issued')
    expect(progress.steps.map(({ id, status }) => `${id} ${status}`)).toContain('callback done')
    const collection = await sectigo.collect({ orderNumber: outcome.orderNumber })
    if (collection.kind !== 'issued') throw new Error(collection.kind)
    expect(collection.certificates).toHaveLength(3)
    const [leaf, issuer] = collection.certificates
    if (leaf === undefined || issuer === undefined) throw new Error('no chain')
    expect(Buffer.from(parseCertificate(leaf).spki)).toEqual(Buffer.from(sharedKey('P-256').spki))
    expect(verifyWithOpenssl(ca.rootPem, issuer, leaf)).toContain('OK')
    expect(() => verifyWithOpenssl(ca?.testRootPem ?? '', issuer, leaf)).toThrow()
  })

  test('with test=Y costs nothing and ends in the untrusted chain', async () => {
    ca = await start()
    const sectigo = createSectigo(clientOptions(ca))
    const outcome = await sectigo.applyOrder(documentSigningForm({ test: 'Y' }))
    if (outcome.kind !== 'ordered') throw new Error(outcome.kind)
    expect(ca.credit).toBe('1000.00')
    const collection = await sectigo.collect({ orderNumber: outcome.orderNumber })
    if (collection.kind !== 'issued') throw new Error(collection.kind)
    const [leaf, issuer] = collection.certificates
    if (leaf === undefined || issuer === undefined) throw new Error('no chain')
    expect(verifyWithOpenssl(ca.testRootPem, issuer, leaf)).toContain('OK')
  })
})

function verifyWithOpenssl(rootPem: string, issuer: Uint8Array, leaf: Uint8Array): string {
  const folder = mkdtempSync(join(tmpdir(), 'rehearsal-chain-'))
  try {
    const file = (name: string, text: string) => {
      writeFileSync(join(folder, name), text)
      return join(folder, name)
    }
    return execFileSync(
      'openssl',
      [
        'verify',
        '-CAfile',
        file('root.pem', rootPem),
        '-untrusted',
        file('issuer.pem', writePem('CERTIFICATE', issuer)),
        file('leaf.pem', writePem('CERTIFICATE', leaf)),
      ],
      { stdio: 'pipe' },
    ).toString()
  } finally {
    rmSync(folder, { recursive: true })
  }
}
