import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sharedFolder } from '../../../test/shared-folder.ts'
import { mutateBytes } from '../../../test/tools/mutate.ts'
import { sequence } from '../../asn1/der-writer.ts'
import { EnrollError } from '../../errors.ts'
import { basicConstraints, keyUsage } from '../../sandbox/certificate-issuer.ts'
import { createFortanixEvidenceIssuer } from '../../sandbox/fortanix/evidence/issuer.ts'
import { testKeyPair } from '../../sandbox/test-key-pair.ts'
import { FORTANIX_TRUST_ANCHORS } from '../../trust-anchors/fortanix.ts'
import type { TrustAnchor } from '../../trust-anchors/trust-anchor.ts'
import { fortanix } from './verify.ts'

const NOW = Date.parse('2026-11-22T00:00:00Z')
const UUID = '18ec8b96-8845-4ce3-9fd1-50407b4b1fc0'
const folder = sharedFolder('vectors')
const verify = (
  package_: Uint8Array,
  trustAnchors: readonly TrustAnchor[] = FORTANIX_TRUST_ANCHORS,
  now = NOW,
  keyName?: string,
) => fortanix.verify(package_, { trustAnchors, now, ...(keyName === undefined ? {} : { keyName }) })
const failed = (...args: Parameters<typeof verify>) =>
  verify(...args).checks.filter(({ group, status }) => group === 'attestation' && status === 'fail')

function isGenuine(package_: Uint8Array): boolean {
  try {
    return verify(package_).genuine
  } catch (error) {
    expect(error).toBeInstanceOf(EnrollError)
    return false
  }
}

/** What a reader of the JSON sees, or nothing. */
function meaning(package_: Uint8Array): string | undefined {
  try {
    return JSON.stringify(JSON.parse(Buffer.from(package_).toString('utf8')))
  } catch {
    return undefined
  }
}

interface Reply {
  readonly authority_chain: string[]
  readonly attestation_statement: { statement: string }
}

/** Changes bytes inside one certificate, where a change in the JSON mostly breaks base64. */
function mutateCertificate(package_: Uint8Array, index: number, change: number): Uint8Array {
  const reply: Reply = JSON.parse(Buffer.from(package_).toString())
  const changed = (base64: string): string =>
    Buffer.from(mutateBytes(Buffer.from(base64, 'base64'), change)).toString('base64')
  const at = index % (reply.authority_chain.length + 1)
  const certificate = reply.authority_chain[at]
  if (certificate === undefined) reply.attestation_statement.statement = changed(reply.attestation_statement.statement)
  else reply.authority_chain[at] = changed(certificate)
  return Buffer.from(JSON.stringify(reply))
}

describe.runIf(folder !== undefined)("the sample of Fortanix's documentation", () => {
  const package_ =
    folder === undefined ? new Uint8Array() : readFileSync(join(folder, 'fortanix/docs-sample/key_attestation.json'))

  it('is genuine years after its authority and its CA have ended, since it was signed when both were valid', () => {
    const verdict = verify(package_)
    expect(verdict.genuine).toBe(true)
    expect(verdict.claims).toMatchObject({
      key: 'RSA2048',
      keyUuid: UUID,
      local: true,
      extractable: false,
      neverExtractable: true,
      signedAt: '2023-09-05T18:11:51.000Z',
    })
    expect(verdict.trustAnchor?.name).toBe('Fortanix Attestation and Provisioning Root CA')
  })

  it('comes with a warning for CAs that judge by today’s date', () => {
    const age = (now: number) => verify(package_, undefined, now).checks.find(({ id }) => id === 'policy.authority-age')
    expect(age(NOW)?.status).toBe('warn')
    expect(age(Date.parse('2023-09-20'))?.status).toBe('pass')
  })

  it('is refused before it was signed', () => {
    expect(failed(package_, undefined, Date.parse('2023-09-05T18:11:50Z')).map(({ id }) => id)).toEqual([
      'attestation.signing-time',
    ])
  })

  it('is for one key', () => {
    expect(failed(package_, undefined, NOW, UUID.toUpperCase())).toEqual([])
    const [failure] = failed(package_, undefined, NOW, UUID.replace('1', '2'))
    expect(failure?.id).toBe('attestation.key-uuid')
  })

  it('is genuine with its chain in any order and as base64', () => {
    const reply: Reply = JSON.parse(Buffer.from(package_).toString())
    const reversed = { ...reply, authority_chain: [...reply.authority_chain].reverse() }
    expect(verify(Buffer.from(JSON.stringify(reversed))).genuine).toBe(true)
    expect(verify(Buffer.from(Buffer.from(package_).toString('base64'))).genuine).toBe(true)
  })

  it('is not genuine with any byte of its JSON changed', () => {
    fc.assert(
      fc.property(fc.nat(), (change) => {
        const mutant = mutateBytes(package_, change)
        if (meaning(mutant) !== meaning(package_)) expect(isGenuine(mutant)).toBe(false)
      }),
      { numRuns: 500, seed: 5 },
    )
  })

  it('is not genuine with any byte of any certificate changed', () => {
    fc.assert(
      fc.property(fc.nat({ max: 100 }), fc.nat(), (index, change) => {
        const mutant = mutateCertificate(package_, index, change)
        if (meaning(mutant) !== meaning(package_)) expect(isGenuine(mutant)).toBe(false)
      }),
      { numRuns: 500, seed: 6 },
    )
  })
})

describe('the authority of a Fortanix statement', () => {
  const { spki } = testKeyPair('P-256')
  const authorityFault = (...changes: Parameters<typeof createFortanixEvidenceIssuer>): string | undefined => {
    const cluster = createFortanixEvidenceIssuer(...changes)
    return failed(cluster.attest({ spki, kid: UUID }), cluster.trustAnchors)[0]?.detail
  }
  const without = (oid: string) =>
    authorityFault({
      alterAuthority: (template) => ({
        ...template,
        extensions: template.extensions?.filter((extension) => extension.oid !== oid) ?? [],
      }),
    })

  it('must be for key attestation', () => expect(without('2.5.29.37')).toContain('not for key attestation'))
  it('must have the enrolment policy for FX2200', () =>
    expect(without('1.3.6.1.4.1.49690.2.5')).toContain('enrolment policy'))
  it('may have an enrolment policy with further items behind those two, and none before them', () => {
    const policy = (...items: readonly string[]) =>
      authorityFault({
        alterAuthority: (template) => ({
          ...template,
          extensions:
            template.extensions?.map((extension) =>
              extension.oid === '1.3.6.1.4.1.49690.2.5'
                ? { ...extension, value: sequence(...items.map((item) => Buffer.from(item, 'hex'))) }
                : extension,
            ) ?? [],
        }),
      })
    const fx2200 = '301b060b2b0601040183841a020501060c2b0601040183841a02050101'
    const approval = '300d060b2b0601040183841a020502'
    const further = '300d060b2b0601040183841a020503'
    expect(policy(fx2200, approval, further)).toBeUndefined()
    expect(policy(further, fx2200, approval)).toContain('enrolment policy')
    expect(policy(fx2200)).toContain('enrolment policy')
  })
  it('must stand under a CA', () => {
    const extensions = [keyUsage(0, 5, 6), basicConstraints(false)]
    const replaced = new Set(['2.5.29.15', '2.5.29.19'])
    const detail = authorityFault({
      alterCa: (template) => ({
        ...template,
        extensions: [...extensions, ...(template.extensions ?? []).filter(({ oid }) => !replaced.has(oid))],
      }),
    })
    expect(detail).toContain('is not a CA')
  })
  it('must have Fortanix’s certificate policy', () => expect(without('2.5.29.32')).toContain('certificate policy'))
})

describe('a reply of DSM', () => {
  const cluster = createFortanixEvidenceIssuer()
  const { spki } = testKeyPair('P-256')
  const reply: Reply = JSON.parse(Buffer.from(cluster.attest({ spki, kid: UUID })).toString())
  const judge = (text: string) => verify(Buffer.from(text), cluster.trustAnchors)

  it('may have members that we do not know, whatever their names', () => {
    const text = JSON.stringify({
      ...reply,
      kid: UUID,
      metadata: { format: 'json', statement: 'none', list: [{ format: 1 }] },
    })
    expect(judge(text).genuine).toBe(true)
  })

  it('may escape characters, as some JSON writers do with "=" and "/"', () => {
    const text = JSON.stringify(reply)
    expect(judge(text.replaceAll('=', '\\u003d').replaceAll('/', '\\/')).genuine).toBe(true)
  })

  it('makes no claim that its statement leaves out', () => {
    const bare = cluster.attest({ spki, kid: UUID, generated: false, neverExportable: false })
    const { claims } = verify(bare, cluster.trustAnchors)
    expect(claims.keyUuid).toBe(UUID)
    for (const name of ['local', 'sensitive', 'extractable', 'neverExtractable'])
      expect(claims).not.toHaveProperty(name)
  })

  it('with a chain that cannot be read is refused, and what its statement claims is told all the same', () => {
    const bytes = Buffer.from(
      JSON.stringify({ ...reply, authority_chain: [...reply.authority_chain.slice(0, 2), 'AAAA'] }),
    )
    const [failure] = failed(bytes, cluster.trustAnchors)
    expect(failure).toMatchObject({ id: 'attestation.format', detail: expect.stringContaining('authority_chain') })
    expect(verify(bytes, cluster.trustAnchors).claims).toMatchObject({ key: 'P256', keyUuid: UUID, extractable: false })
  })

  it('that ends in another root is not answered with "ask again": the same cluster has the same root', () => {
    const chain = failed(Buffer.from(JSON.stringify(reply))).find(({ id }) => id === 'attestation.chain')
    expect(chain?.remedy).toContain('--trust-anchors')
  })

  it('over a key that cannot be read is refused by name', () => {
    const unreadable = cluster.attest({ spki: Buffer.from('30020500', 'hex'), kid: UUID })
    expect(failed(unreadable, cluster.trustAnchors).map(({ id }) => id)).toEqual(['attestation.attested-key'])
  })
})

describe('what is no key attestation', () => {
  const statement = '{"format":"x509_certificate","statement":"AAAA"}'
  it.each([
    ['nothing', ''],
    ['text', 'hello'],
    ['another JSON', '{"a":1}'],
    ['no statement', '{"authority_chain":[]}'],
    ['another format', '{"authority_chain":[],"attestation_statement":{"format":"jwt","statement":"AAAA"}}'],
    ['a chain that is no list', `{"authority_chain":{},"attestation_statement":${statement}}`],
    ['a chain of numbers', `{"authority_chain":[1],"attestation_statement":${statement}}`],
    ['a long chain', `{"authority_chain":[${Array(9).fill('"AAAA"').join()}],"attestation_statement":${statement}}`],
    [
      'two statements',
      `{"authority_chain":[],"attestation_statement":${statement},"attestation_statement":${statement}}`,
    ],
    [
      'two statements, one with an escaped name',
      `{"authority_chain":[],"attestation_statement":${statement},"\\u0061ttestation_statement":${statement}}`,
    ],
    [
      'PEM in place of base64',
      '{"authority_chain":[],"attestation_statement":{"format":"x509_certificate","statement":"-----"}}',
    ],
  ])('is an error that says so: %s', (_, text) => {
    expect(() => verify(Buffer.from(text))).toThrow(/Could not read the Fortanix key attestation/)
  })

  it('is refused with a typed error when it is made to take long', () => {
    for (const text of [
      '{"a":'.repeat(4000),
      `[${'['.repeat(24_000)}`,
      `{"authority_chain":["${'A'.repeat(24_000)}"`,
    ]) {
      expect(() => verify(Buffer.from(text))).toThrow(EnrollError)
    }
  })
})
