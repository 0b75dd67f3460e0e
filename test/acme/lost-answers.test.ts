import { generateKeyPairSync } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readAccountKey } from '../../src/acme/account-key.ts'
import { createAcmeAuthority } from '../../src/acme/acme-authority.ts'
import { attestationChain } from '../../src/acme/attestation-object.ts'
import { parseNameText } from '../../src/asn1/name.ts'
import { buildCertificationRequest } from '../../src/csr/build-certification-request.ts'
import { createYubikeyEvidenceIssuer } from '../../src/sandbox/yubikey/evidence/issuer.ts'
import type { AttestedOrder } from '../../src/sectigo/certificate-authority.ts'
import { attestedKey } from '../tools/attesting-device.ts'
import { AcmeDouble, type Fault, type Step } from './acme-double.ts'

const issuer = createYubikeyEvidenceIssuer({ serial: 7, firmware: '5.4.3', formFactor: 3 }, { keyType: 'P-256' })
const key = attestedKey(issuer, 'P-256')
const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const account = readAccountKey(Buffer.from(privateKey.export({ type: 'pkcs8', format: 'pem' })))
let server: AcmeDouble
let csr: Uint8Array
let x5c: readonly Uint8Array[]
beforeAll(async () => {
  server = await AcmeDouble.start()
  csr = (await buildCertificationRequest({ subject: parseNameText('CN=7') }, key)).der
  x5c = attestationChain((await key.attest()).package, [])
})
afterAll(() => server.close())

/** A client of its own, as every process has one; what it journals before it goes on. */
async function place(change: Partial<AttestedOrder> = {}) {
  const noted: string[] = []
  const authority = createAcmeAuthority({
    ...{ directory: server.directory, accountKey: async () => account, contact: [], termsAgreed: false },
    ...{ now: Date.now, sleep: async () => undefined, caCertificates: server.caCertificatePem },
  })
  const note = async ({ type }: { readonly type: string }): Promise<void> => {
    noted.push(type)
  }
  const before = server.done.length
  const outcome = await authority.attestedOrders
    .place({ ...{ serial: '7', csr, x5c, signer: key, note }, ...change })
    .catch((error: { readonly code: string }) => ({ kind: 'thrown' as const, code: error.code }))
  return { outcome, noted, done: server.done.slice(before), authority }
}

const issued = (): number => server.orders.filter(({ status }) => status === 'valid').length
const times = (done: readonly Step[], step: Step): number => done.filter((each) => each === step).length

describe('an ACME order', () => {
  it('is placed, proven, finalised and collected in the order of RFC 8555, the intent before each of what has an effect', async () => {
    const { outcome, noted, done, authority } = await place()
    expect(done).toEqual(['newAccount', 'newOrder', 'authorization', 'challenge', 'order', 'finalize'])
    expect(noted).toEqual(['acme-order', 'finalizing'])
    if (outcome.kind !== 'ordered') throw new Error(outcome.kind)
    const collected = await authority.collect({ orderNumber: outcome.orderNumber })
    expect(collected).toMatchObject({ kind: 'issued', certificates: { length: 2 } })
  })

  // biome-ignore format: a table, a row a line
  it.each<readonly [Step, Fault, kind: string, certificates: number]>([
    ['newAccount', 'lose', 'thrown', 0],
    ['newAccount', 'lose-answer', 'thrown', 0],
    ['newAccount', 'badNonce', 'ordered', 1],
    ['newAccount', 'badNonce-after', 'ordered', 1],
    ['newAccount', 'fail', 'thrown', 0],
    ['newOrder', 'lose', 'rejected', 0],
    ['newOrder', 'lose-answer', 'rejected', 0],
    ['newOrder', 'badNonce', 'ordered', 1],
    ['newOrder', 'badNonce-after', 'ordered', 1],
    ['newOrder', 'fail', 'rejected', 0],
    ['authorization', 'lose', 'thrown', 0],
    ['authorization', 'badNonce', 'ordered', 1],
    ['challenge', 'lose', 'rejected', 0],
    ['challenge', 'lose-answer', 'ordered', 1],
    ['challenge', 'badNonce', 'ordered', 1],
    ['challenge', 'badNonce-after', 'ordered', 1],
    ['challenge', 'fail', 'rejected', 0],
    ['order', 'lose', 'thrown', 0],
    ['order', 'badNonce', 'ordered', 1],
    ['finalize', 'lose', 'unknown', 0],
    ['finalize', 'lose-answer', 'ordered', 1],
    ['finalize', 'badNonce', 'ordered', 1],
    ['finalize', 'badNonce-after', 'ordered', 1],
    ['finalize', 'fail', 'rejected', 0],
    ['finalize', 'gateway', 'unknown', 0],
    ['finalize', 'page', 'unknown', 0],
    ['finalize', 'page-after', 'ordered', 1],
    ['challenge', 'page', 'rejected', 0],
    ['newOrder', 'page', 'thrown', 0],
    ['newAccount', 'page', 'thrown', 0],
    ['order', 'page', 'rejected', 0],
    ['finalize', 'fail-after', 'ordered', 1],
  ])('whose %s meets "%s" ends as %s, with %i certificates', async (step, fault, kind, certificates) => {
    const before = issued()
    server.next(step, fault)
    const { outcome, done } = await place()
    expect(outcome.kind).toBe(kind)
    expect(issued() - before).toBe(certificates)
    expect(times(done, 'finalize')).toBeLessThanOrEqual(1)
    expect(server.repeated).toEqual([])
  })

  it('is not finalised a second time where the answer to both is lost: nobody can ask what became of it', async () => {
    server.next('finalize', 'lose-answer')
    const before = issued()
    const { outcome } = await place({
      note: async ({ type }) => {
        if (type === 'finalizing') server.next('order', 'lose')
      },
    })
    expect(outcome).toMatchObject({ kind: 'unknown', reason: expect.stringContaining('was to be finalised') })
    expect(issued() - before).toBe(1)
  })

  it('is refused with the words of the server, and nothing is finalised', async () => {
    const { outcome, done } = await place({ signer: { ...key, sign: attestedKey(issuer, 'P-256').sign } })
    expect(outcome).toMatchObject({
      kind: 'rejected',
      refusal: { message: 'badAttestationStatement: the attestation is wrong' },
    })
    expect(done).not.toContain('finalize')
  })

  it('of a P-384 key is not sent at all', async () => {
    const other = attestedKey(issuer, 'P-384')
    const { outcome, done } = await place({ signer: other })
    expect(outcome).toEqual({ kind: 'thrown', code: 'acme.key-type' })
    expect(done).toEqual([])
  })
})

describe('the key of an ACME account', () => {
  it.each([
    ['nothing', 'nothing'],
    ['P-384', generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey.export({ type: 'pkcs8', format: 'pem' })],
    ['Ed25519', generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' })],
  ])('is not %s', (_name, pem) => {
    expect(() => readAccountKey(Buffer.from(pem))).toThrow(expect.objectContaining({ code: 'acme.account-key' }))
  })

  it('has the thumbprint of RFC 7638', () => {
    expect(account.thumbprint).toMatch(/^[\w-]{43}$/)
    expect(Object.keys(account.jwk)).toEqual(['crv', 'kty', 'x', 'y'])
  })
})
