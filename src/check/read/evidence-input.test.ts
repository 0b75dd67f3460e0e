import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, describe, expect, it } from 'vitest'
import { sharedFolder } from '../../../test/shared-folder.ts'
import { readPem, writePem } from '../../asn1/pem.ts'
import { writePkcs7 } from '../../asn1/pkcs7.ts'
import { EvidenceError } from '../../attestation/contract/evidence-error.ts'
import { testKeyPair } from '../../sandbox/test-key-pair.ts'
import { createYubikeyEvidenceIssuer, yubikeyPackage } from '../../sandbox/yubikey/evidence/issuer.ts'
import { readCertChains } from './chains-input.ts'
import { readEvidence } from './evidence-input.ts'

const issuer = createYubikeyEvidenceIssuer({ serial: 1, firmware: '5.4.3', formFactor: 1 }, { keyType: 'P-256' })
const leaf = issuer.attest({ spki: testKeyPair('P-256').spki, slot: 0x9c, pinPolicy: 2, touchPolicy: 1 })
const wanted = Buffer.from(yubikeyPackage(leaf, issuer.f9Certificate))
const text = wanted.toString()
const base64 = (bytes: Uint8Array): Buffer => Buffer.from(Buffer.from(bytes).toString('base64'))
const base64url = (bytes: Uint8Array): Buffer => Buffer.from(Buffer.from(bytes).toString('base64url'))
const trusted = (der: Uint8Array): string =>
  execFileSync('openssl', ['x509', '-inform', 'DER', '-trustout', '-addtrust', 'emailProtection'], {
    input: der,
    encoding: 'utf8',
  })
const plainRequest = execFileSync(
  'openssl',
  [
    'req',
    '-new',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-keyout',
    '/dev/null',
    '-subj',
    '/CN=x',
  ],
  { stdio: ['ignore', 'pipe', 'ignore'] },
)
const folded = (bytes: Uint8Array): Buffer =>
  Buffer.from(Buffer.from(bytes).toString('base64').replace(/.{76}/g, '$&\r\n'))

const SELF_SIGNED = [
  ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', '/dev/null'],
  ...['-subj', '/CN=x'],
]

/** What GNU tar makes of files. */
function tarOf(...files: readonly (readonly [name: string, content: Uint8Array])[]): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'tar-'))
  for (const [name, content] of files) writeFileSync(join(folder, name), content)
  const tar = execFileSync('tar', ['-C', folder, '-cf', '-', ...files.map(([name]) => name)])
  rmSync(folder, { recursive: true })
  return tar
}
const hex = wanted.toString('hex')
const indented = base64(wanted)
  .toString()
  .replace(/.{1,76}/g, '  $&\n')
const yaml = (tag: string): Buffer => Buffer.from(`name: x\nevidence: ${tag}|\n${indented}`)
const pair = tarOf(['leaf.crt', leaf], ['f9.crt', issuer.f9Certificate])

const FORMS: readonly (readonly [string, Uint8Array, note?: RegExp])[] = [
  ['PEM', wanted],
  ['DER, one after the other', Buffer.concat([leaf, issuer.f9Certificate]), /DER/],
  ['base64 of the PEM', base64(wanted), /base64/],
  ['base64 in lines', folded(wanted), /base64/],
  ['base64 of the DER', base64(Buffer.concat([leaf, issuer.f9Certificate])), /base64/],
  ['base64 in quotation marks', Buffer.from(`"${base64(wanted)}"`), /base64/],
  ['double base64', base64(base64(wanted)), /second time: the CA wants it once/],
  ['a tar archive of both', pair, /unpacked the tar archive \(2 files\)/],
  ['a tar archive, compressed', gzipSync(pair), /unpacked the gzip/],
  ['hexadecimal digits as PostgreSQL prints them', Buffer.from(`\\x${hex}`), /hexadecimal/],
  ['hexadecimal digits behind 0x', Buffer.from(`0x${hex}`), /hexadecimal/],
  ['hexadecimal digits of SQL', Buffer.from(`X'${hex}'`), /hexadecimal/],
  ['base64 as Python prints bytes', Buffer.from(`b'${base64(wanted)}'`), /base64/],
  ['a Buffer of Node.js in JSON', Buffer.from(JSON.stringify({ attestation: wanted })), /JSON/],
  ['octets in JSON', Buffer.from(JSON.stringify([...wanted])), /JSON/],
  ['a block of YAML', yaml(''), /lines that name them/],
  ['a binary block of YAML', yaml('!!binary '), /lines that name them/],
  ['CRLF', Buffer.from(text.replaceAll('\n', '\r\n')), /plain PEM/],
  ['a byte order mark', Buffer.from(`\ufeff${text}`), /byte order mark/],
  ['UTF-16 from a Windows redirect', Buffer.from(`\ufeff${text.replaceAll('\n', '\r\n')}`, 'utf16le'), /UTF-16/],
  ['UTF-16 big endian', Buffer.from(`\ufeff${text}`, 'utf16le').swap16(), /big endian/],
  ['UTF-16 without mark', Buffer.from(text, 'utf16le'), /UTF-16/],
  ['text around the blocks', Buffer.from(`subject=CN=x\n${text}\n# end\n`), /plain PEM/],
  ['no line feed at the end', Buffer.from(text.trimEnd()), /plain PEM/],
  ['one line, as a QR code holds it', Buffer.from(text.replaceAll('\n', '')), /plain PEM/],
  ['a JSON string', Buffer.from(JSON.stringify(text)), /out of JSON/],
  ['a comment in an 8-bit code page', Buffer.from(`# Zoë\n${text}`, 'latin1'), /plain PEM/],
  ['base64url of the DER', base64url(Buffer.concat([leaf, issuer.f9Certificate])), /base64url/],
  [
    'base64 of the PEM without padding',
    base64url(Buffer.from(text.length % 3 === 0 ? `${text}\n` : text)),
    /base64url/,
  ],
  [
    'TRUSTED CERTIFICATE, as openssl writes it',
    Buffer.from(trusted(leaf) + trusted(issuer.f9Certificate)),
    /plain PEM/,
  ],
]

describe('readEvidence', () => {
  it.each(FORMS.map(([name, input, note]) => ({ name, input, note })))(
    'reads $name into the form that the CA wants',
    ({ input, note }) => {
      const { package: package_, notes } = readEvidence(input)
      expect(Buffer.from(package_).toString()).toBe(text)
      if (note === undefined) expect(notes).toEqual([])
      else expect(notes.join('; ')).toMatch(note)
    },
  )

  it('puts an attestation and its F9 certificate together from two files', () => {
    const [first = '', second = ''] = text.split(/(?<=-----END CERTIFICATE-----\n)/)
    expect(Buffer.from(readEvidence(Buffer.from(first), Buffer.from(second)).package).toString()).toBe(text)
    expect(Buffer.from(readEvidence(leaf, issuer.f9Certificate).package).toString()).toBe(text)
  })

  it('takes a PKCS#7 out of its PEM, under each of its names', () => {
    const issued = readPem(
      execFileSync('openssl', SELF_SIGNED, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    )
    const pkcs7 = Buffer.from(writePkcs7(issued.map(({ der }) => der)))
    for (const label of ['PKCS7', 'CMS', 'PKCS #7 SIGNED DATA']) {
      const { package: package_, notes } = readEvidence(Buffer.from(writePem(label, pkcs7)))
      expect(Buffer.from(package_)).toEqual(pkcs7)
      expect(notes).toEqual(['took the PKCS#7 out of its PEM'])
    }
  })

  it('chooses the order of two files, but leaves the order in one file as it is', () => {
    const { package: package_, notes } = readEvidence(issuer.f9Certificate, leaf)
    expect(Buffer.from(package_).toString()).toBe(text)
    expect(notes.at(-1)).toMatch(/the attestation before its issuer/)
    const swapped = Buffer.from(yubikeyPackage(issuer.f9Certificate, leaf))
    expect(Buffer.from(readEvidence(swapped).package).toString()).toBe(swapped.toString())
  })

  it('keeps JSON and a compressed statement as they are', () => {
    const json = Buffer.from('{"root":"KWARN-1"}')
    expect(readEvidence(json)).toEqual({ package: json, notes: [] })
    expect(Buffer.from(readEvidence(base64(json)).package).toString()).toBe(json.toString())
    const statement = gzipSync(Buffer.alloc(300, 7))
    expect(Buffer.compare(readEvidence(base64(statement)).package, statement)).toBe(0)
  })

  it('takes statement and chains out of the answer of Cloud KMS', () => {
    const statement = gzipSync(Buffer.alloc(300, 7))
    const answer = {
      name: 'projects/p/…',
      attestation: {
        format: 'CAVIUM_V2_COMPRESSED',
        content: statement.toString('base64'),
        certChains: { caviumCerts: [text], googleCardCerts: [text.trimEnd()], googlePartitionCerts: [] },
      },
    }
    const { package: package_, certChains } = readEvidence(Buffer.from(JSON.stringify(answer)))
    expect(Buffer.compare(package_, statement)).toBe(0)
    expect(Buffer.from(certChains ?? []).toString()).toBe(text + text)
  })

  it('compresses a statement of Cloud HSM again that somebody unpacked', () => {
    const plain = Buffer.concat([Buffer.from('00000000000000030000012c', 'hex'), Buffer.alloc(288, 7)])
    const { package: package_, notes } = readEvidence(plain)
    expect(gunzipSync(package_).equals(plain)).toBe(true)
    expect(notes).toHaveLength(1)
  })

  it('brings chains into PEM from every form, and leaves alone what is none', () => {
    const forms = [
      wanted,
      base64(wanted),
      Buffer.from(`\ufeff${text}`, 'utf16le'),
      Buffer.from(text.replaceAll('\n', '\r\n')),
      Buffer.concat([leaf, issuer.f9Certificate]),
      Buffer.from(
        JSON.stringify({
          attestation: { format: 'CAVIUM_V2_COMPRESSED', content: 'H4sI', certChains: { caviumCerts: [text] } },
        }),
      ),
    ]
    for (const form of forms) expect(Buffer.from(readCertChains(form)).toString()).toBe(text)
    const prose = Buffer.from('hello')
    expect(readCertChains(prose)).toBe(prose)
  })

  const REFUSED: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ['an empty file', Buffer.alloc(0), /empty/],
    ['a file of 10 MB', Buffer.alloc(10_000_000, 0x41), /more than any such file/],
    ['half a certificate (PEM)', Buffer.from(text.slice(0, 700)), /does not end/],
    ['half a certificate (DER)', leaf.subarray(0, 300), /cut off/],
    ['half a base64', base64(wanted).subarray(0, 1001), /base64 is cut off/],
    [
      'a hex dump',
      Buffer.from(`00000000: 3082 0255 3082 013d a003 0201 0202 1001  0..U0..=........\n`),
      /it is a hex dump/,
    ],
    ['a tar archive that was cut off', pair.subarray(0, 1500), /the tar archive cannot be used/],
    ['prose', Buffer.from('This is not an attestation.'), /neither PEM, JSON nor base64/],
    ['base64 that lost its plus signs', Buffer.from('AAAA BBBB CCCC DDDD'), /blanks inside the base64/],
    ['half a JSON', Buffer.from('{"attestation_statement": {'), /JSON is cut off/],
    ['binary of no known kind', Buffer.from([0, 1, 2, 3, 4, 5, 6, 7, 8]), /neither PEM, DER/],
    [
      'a certificate request that is none',
      Buffer.from('-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n'),
      /read the certificate request/,
    ],
    ['a certificate request without attestation (PEM)', plainRequest, /certificate request that carries none/],
    [
      'a certificate request without attestation (DER)',
      readPem(plainRequest.toString())[0]?.der ?? plainRequest,
      /certificate request that carries none/,
    ],
    [
      'a key version of Cloud KMS in software',
      Buffer.from('{"name":"projects/p","protectionLevel":"SOFTWARE","state":"ENABLED"}'),
      /its protection level is SOFTWARE/,
    ],
    [
      'an attestation of V1',
      Buffer.from('{"attestation":{"format":"CAVIUM_V1_COMPRESSED","content":"H4sI"}}'),
      /CAVIUM_V1_COMPRESSED.*not supported/,
    ],
    ['base64 without end', [...'abcdefghijkl'].reduce<Buffer>((inner) => base64(inner), wanted), /too many times/],
  ]
  it.each(REFUSED)('refuses %s with one line of cause and remedy', (_name, input, message) => {
    expect(() => readEvidence(input)).toThrow(EvidenceError)
    expect(() => readEvidence(input)).toThrow(message)
    try {
      readEvidence(input)
    } catch (error) {
      expect(error).toMatchObject({ exitCode: 2 })
      expect((error as EvidenceError).message).not.toContain('\n')
      expect((error as EvidenceError).remedy).toMatch(/\w+.*\.$/)
    }
  })

  it('takes a pair that comes twice once, however often it was read', () => {
    for (let time = 0; time < 3; time++) expect(Buffer.from(readEvidence(wanted, wanted).package)).toEqual(wanted)
  })
})

const vectors = sharedFolder('vectors')
describe.runIf(vectors !== undefined)('a request that carries its attestation', () => {
  const request = (id: string): Buffer => readFileSync(join(vectors ?? '', 'yubikey', id, 'request.csr.pem'))

  it.each(['psyk-csr-legacy', 'psyk-csr-standard', 'tmc-csr_5_7_4_standard'])(
    'gives it, and itself to bind to: %s',
    (id) => {
      const evidence = readEvidence(request(id))
      const beside = readFileSync(join(vectors ?? '', 'yubikey', id, 'attestation.pem'))
      expect(Buffer.from(evidence.package).toString()).toBe(Buffer.from(readEvidence(beside).package).toString())
      expect(evidence.notes.join()).toMatch(/from the request/)
      const der = readPem(request(id).toString())[0]?.der ?? new Uint8Array()
      expect(evidence.request).toEqual(der)
      expect(readEvidence(der).package).toEqual(evidence.package)
    },
  )

  it('says so where it is malformed', () => {
    expect(() => readEvidence(request('tmc-unit-5'))).toThrow(/\.3\.11 is not an attestation certificate/)
  })
})

describe("the console's zip", () => {
  const folder = mkdtempSync(join(tmpdir(), 'zip-'))
  afterAll(() => rmSync(folder, { recursive: true }))
  const statement = gzipSync(Buffer.alloc(300, 7))
  const zip = (name: string, method: 'ZIP_STORED' | 'ZIP_DEFLATED', files: readonly string[]): Buffer => {
    const program = `import sys,zipfile
with zipfile.ZipFile(sys.argv[1], 'w', zipfile.${method}) as z:
    for name in sys.argv[2:]:
        path, _, inside = name.partition('=')
        z.write(path, inside or path.split('/')[-1])`
    const target = join(folder, name)
    execFileSync('python3', ['-c', program, target, ...files])
    return readFileSync(target)
  }
  const dat = join(folder, 'ring-key-1-CAVIUM_V2_COMPRESSED-attestation.dat')
  const pem = join(folder, 'ring-key-1-combined-chain.pem')
  const readme = join(folder, 'README.txt')
  writeFileSync(readme, 'What is in this archive, in words.')
  writeFileSync(dat, statement)
  writeFileSync(pem, text)

  it('is read as macOS packs it again, and whatever the case of its names', () => {
    const shadow = [`${dat}=__MACOSX/._a-attestation.dat`, `${pem}=__MACOSX/._a-chain.pem`]
    for (const files of [
      [dat, pem, ...shadow],
      [`${dat}=A.DAT`, `${pem}=B.PEM`],
      [`${dat}=b/a.dat.gz`, `${pem}=b/c.pem`],
    ]) {
      const { package: package_, certChains } = readEvidence(zip('again.zip', 'ZIP_DEFLATED', files))
      expect(Buffer.compare(package_, statement)).toBe(0)
      expect(Buffer.from(certChains ?? []).toString()).toBe(text)
    }
  })

  it.each(['ZIP_STORED', 'ZIP_DEFLATED'] as const)('is read (%s, made by another program)', (method) => {
    const { package: package_, certChains } = readEvidence(zip('bundle.zip', method, [dat, pem]))
    expect(Buffer.compare(package_, statement)).toBe(0)
    expect(Buffer.from(certChains ?? []).toString()).toBe(text)
  })

  it('is refused when cut off, changed, or without a statement', () => {
    const whole = zip('whole.zip', 'ZIP_DEFLATED', [dat, pem])
    for (let length = 4; length < whole.length; length += 7) {
      expect(() => readEvidence(whole.subarray(0, length))).toThrow(EvidenceError)
    }
    const changed = Buffer.from(whole)
    changed[60 + 20] = (changed[60 + 20] ?? 0) ^ 0xff
    expect(() => readEvidence(changed)).toThrow(EvidenceError)
    expect(() => readEvidence(zip('none.zip', 'ZIP_STORED', [readme]))).toThrow(/neither PEM, JSON nor base64/)
  })

  it('may hold certificates alone, of any family', () => {
    expect(Buffer.from(readEvidence(zip('pair.zip', 'ZIP_DEFLATED', [pem, readme])).package).toString()).toBe(text)
  })

  it('is no way to exhaust memory', () => {
    const bomb = join(folder, 'x-attestation.dat')
    writeFileSync(bomb, Buffer.alloc(30_000_000))
    expect(() => readEvidence(zip('bomb.zip', 'ZIP_DEFLATED', [bomb]))).toThrow(/too large/)
  })
})
