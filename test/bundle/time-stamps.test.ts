import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readBundle, writeBundle } from '../../src/bundle/bundle-files.ts'
import type { BundleCheck } from '../../src/bundle/bundle-verdict.ts'
import { verifyBundle } from '../../src/bundle/verify-bundle.ts'
import { certificatesIn } from '../../src/ceremony/bundle-file.ts'
import { addTimeStamp } from '../../src/ceremony/request-time-stamp.ts'
import {
  type AuthorityFault,
  type AuthorityOptions,
  startTimeStampAuthority,
} from '../../src/sandbox/time-stamp-authority/time-stamp-authority.ts'
import { strangersInstalled } from './strangers-installed.ts'

const here = strangersInstalled()
const folder = mkdtempSync(join(tmpdir(), 'stamps-'))
afterAll(() => rmSync(folder, { recursive: true }))
const at = (name: string): string => join(folder, name)

const plain = writeBundle([{ name: 'a.txt', content: Buffer.from('a') }], {
  run: '2026-01-01-abcdef',
  journalHead: '0'.repeat(64),
  program: 'test',
  created: '2026-01-01T00:00:00.000Z',
})

/** What our verification says of the one time stamp of a bundle. */
const verdictOf = (bundle: Uint8Array, rootPem: string): readonly BundleCheck[] =>
  verifyBundle(bundle, {
    timestampAnchors: certificatesIn(Buffer.from(rootPem), 'root'),
    trustAnchors: [],
  }).checks.filter(({ id }) => id === 'timestamp')

/** What `openssl ts -verify` says of the same. */
function opensslAccepts(bundle: Uint8Array, rootPem: string, ...more: readonly string[]): boolean {
  for (const { name, content } of readBundle(bundle))
    if (name.startsWith('timestamps/')) writeFileSync(at(name.slice(11)), content)
  writeFileSync(at('root.pem'), rootPem)
  const args = ['ts', '-verify', '-queryfile', at('1.tsq'), '-in', at('1.tsr'), '-CAfile', at('root.pem'), ...more]
  return spawnSync('openssl', args, { stdio: 'ignore' }).status === 0
}

async function stampedBy(
  options: AuthorityOptions,
  policy?: string,
): Promise<{ readonly bundle: Uint8Array; readonly rootPem: string }> {
  const authority = await startTimeStampAuthority(options)
  try {
    const bundle = await addTimeStamp(plain, { url: authority.url, ...(policy === undefined ? {} : { policy }) })
    return { bundle, rootPem: authority.rootPem }
  } finally {
    await authority.close()
  }
}

// biome-ignore format: a table
const REFUSED_AT_ONCE: readonly (readonly [fault: AuthorityFault, why: RegExp])[] = [
  ['other-nonce', /nonce differs/],
  ['no-nonce', /nonce differs/],
  ['other-imprint', /of another file/],
  ['other-policy', /under the policy 1\.3\.6\.1\.4\.1\.32473\.1, not 1\.2\.3/],
  ['purpose-not-critical', /not critical/],
  ['two-purposes', /not for time stamping alone/],
  ['no-purpose', /not for time stamping alone/],
  ['other-certificate', /names another certificate/],
  ['refused', /refused \(status 2\): out of order/],
]

describe.runIf(here)('a time stamp', () => {
  it('holds for both where nothing is wrong with it; its chain must end in a root that was passed', async () => {
    const { bundle, rootPem } = await stampedBy({})
    expect(verdictOf(bundle, rootPem)).toMatchObject([{ status: 'pass' }])
    expect(opensslAccepts(bundle, rootPem)).toBe(true)
    const { rootPem: other } = await stampedBy({})
    expect(verdictOf(bundle, other)).toMatchObject([
      { status: 'fail', detail: expect.stringMatching(/nothing that is trusted/) },
    ])
    expect(opensslAccepts(bundle, other)).toBe(false)
  })

  it.each(REFUSED_AT_ONCE)('with %s is not added to the bundle', async (fault, why) => {
    await expect(stampedBy({ fault }, fault === 'other-policy' ? '1.2.3' : undefined)).rejects.toMatchObject({
      code: 'bundle.timestamp',
      message: expect.stringMatching(why),
    })
  })

  it('by a certificate that had ended is refused by both', async () => {
    const { bundle, rootPem } = await stampedBy({ fault: 'ended' })
    expect(verdictOf(bundle, rootPem)).toMatchObject([
      { status: 'fail', detail: expect.stringMatching(/was not valid on/) },
    ])
    expect(opensslAccepts(bundle, rootPem)).toBe(false)
  })

  it('is judged as of its own time: it outlives the certificate of the authority', async () => {
    const then = Date.UTC(2010, 5, 1)
    const { bundle, rootPem } = await stampedBy({ now: () => then })
    expect(verdictOf(bundle, rootPem)).toMatchObject([
      { status: 'pass', detail: expect.stringMatching(/^2010-06-01T/) },
    ])
    expect(opensslAccepts(bundle, rootPem)).toBe(false)
    expect(opensslAccepts(bundle, rootPem, '-attime', String(then / 1000))).toBe(true)
  })

  it('that openssl made, through an intermediate CA, holds', async () => {
    const authority = opensslAuthority()
    const server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk) => chunks.push(chunk))
      request.on('end', () => response.end(authority.answer(Buffer.concat(chunks))))
    })
    await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready))
    try {
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
      for (const policy of [undefined, '1.2.3.5']) {
        const bundle = await addTimeStamp(plain, { url, ...(policy === undefined ? {} : { policy }) })
        expect(verdictOf(bundle, authority.rootPem)).toMatchObject([{ status: 'pass' }])
        expect(opensslAccepts(bundle, authority.rootPem)).toBe(true)
      }
    } finally {
      server.close()
    }
  })

  it('is asked of nobody but http: and https:, and a login in the address is not printed', async () => {
    for (const url of ['file:///etc/passwd', 'nonsense'])
      await expect(addTimeStamp(plain, { url })).rejects.toMatchObject({ code: 'bundle.timestamp' })
    await expect(addTimeStamp(plain, { url: 'http://me:pass-word@127.0.0.1:9/x' })).rejects.toMatchObject({
      message: expect.not.stringContaining('pass-word'),
    })
  })
})

/** Root, intermediate and authority by `openssl`, replies by `openssl ts -reply`. */
function opensslAuthority(): { readonly rootPem: string; readonly answer: (query: Buffer) => Buffer } {
  const run = (...args: readonly string[]): Buffer =>
    execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  writeFileSync(
    at('o.cnf'),
    `[ca]
basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign
[tsa]
keyUsage=critical,digitalSignature
extendedKeyUsage=critical,timeStamping
[ts]
serial=serial
signer_cert=tsa.crt
certs=sub.crt
signer_key=tsa.key
signer_digest=sha256
default_policy=1.2.3.4
other_policies=1.2.3.5
digests=sha256
accuracy=secs:1,millisecs:500
ordering=yes
tsa_name=yes
ess_cert_id_chain=yes
ess_cert_id_alg=sha256
`,
  )
  writeFileSync(at('serial'), '01')
  const key = (name: string): string[] => ['-newkey', 'rsa:2048', '-nodes', '-keyout', `${name}.key`]
  run('req', '-x509', ...key('o-root'), '-out', 'o-root.crt', '-subj', '/CN=Root', '-days', '9')
  for (const [name, issuer, section] of [
    ['sub', 'o-root', 'ca'],
    ['tsa', 'sub', 'tsa'],
  ] as const) {
    run('req', ...key(name), '-out', `${name}.csr`, '-subj', `/CN=${name}`)
    run(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      `${issuer}.crt`,
      '-CAkey',
      `${issuer}.key`,
      '-set_serial',
      '7',
      '-days',
      '9',
      '-extfile',
      'o.cnf',
      '-extensions',
      section,
      '-out',
      `${name}.crt`,
    )
  }
  return {
    rootPem: readFileSync(at('o-root.crt'), 'utf8'),
    answer: (query) => {
      writeFileSync(at('q.tsq'), query)
      run('ts', '-reply', '-config', 'o.cnf', '-section', 'ts', '-queryfile', 'q.tsq', '-out', 'q.tsr')
      return readFileSync(at('q.tsr'))
    },
  }
}
