/** The forms in which people had one pair and one request: what each is read as. The files are others'; the forms generator makes the same kinds. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkAttestation } from '../src/check/check-attestation.ts'
import { readEvidence } from '../src/check/read/evidence-input.ts'
import { readRequest } from '../src/check/read/request-input.ts'
import { verifyCertificationRequest } from '../src/csr/certification-request.ts'
import { builtInTrustAnchors } from '../src/trust-anchors/trust-anchors.ts'
import { sharedFolder } from './shared-folder.ts'

const NOW = Date.parse('2026-11-29T00:00:00Z')
const folder = sharedFolder('cases')

interface Reading {
  /** `genuine`, or the cause by which it is refused: that of the check that failed first, or of the error. */
  readonly is: 'genuine' | RegExp
  /** What a note says of it. */
  readonly note?: RegExp
}

const GENUINE = 'genuine'

// biome-ignore format: a table
const ATTESTATIONS: Readonly<Record<string, Reading>> = {
  '01-plain': { is: GENUINE },
  '02-crlf': { is: GENUINE, note: /plain PEM/ },
  '03-cr': { is: GENUINE, note: /plain PEM/ },
  '04-bom': { is: GENUINE, note: /byte order mark/ },
  '05-utf16le': { is: GENUINE, note: /little endian/ },
  '06-utf16be': { is: GENUINE, note: /big endian/ },
  '06b-utf16le-nobom-crlf': { is: GENUINE, note: /without byte order mark/ },
  '07-b64-oneline': { is: GENUINE, note: /decoded base64/ },
  '08-b64-76crlf': { is: GENUINE, note: /decoded base64/ },
  '09-certutil-encode-of-pem': { is: GENUINE, note: /wrapped in a second time/ },
  '10-b64-twice': { is: GENUINE, note: /a second time/ },
  '11-f9-first-one-file': { is: /the two certificates are in the wrong order: F9 comes first/ },
  '12-two-files': { is: GENUINE, note: /certificates together/ },
  '13-two-files-reversed': { is: GENUINE, note: /the attestation before its issuer/ },
  '14-p7-pem': { is: GENUINE, note: /out of the PKCS#7/ },
  '15-p7-der': { is: GENUINE, note: /out of the PKCS#7/ },
  '16-der-concat': { is: GENUINE, note: /DER certificates as PEM/ },
  '17-two-der': { is: GENUINE, note: /DER certificates as PEM/ },
  '18-json-string': { is: GENUINE, note: /out of JSON/ },
  '19-json-object': { is: GENUINE, note: /out of JSON/ },
  '20-json-keyAttestation': { is: GENUINE, note: /out of JSON/ },
  '21-json-array': { is: GENUINE, note: /out of JSON/ },
  '22-yaml-indent': { is: GENUINE, note: /plain PEM/ },
  '23-mail-quote': { is: GENUINE, note: /quoted mail/ },
  '24-openssl-text': { is: GENUINE, note: /plain PEM/ },
  '25-bag-attributes': { is: GENUINE, note: /plain PEM/ },
  '26-x509-label': { is: GENUINE, note: /plain PEM/ },
  '27-trailing-nbsp': { is: GENUINE, note: /invisible/ },
  '28-zero-width': { is: GENUINE, note: /invisible/ },
  '29-emdash': { is: /hyphens were turned into dashes/ },
  '30-html-br': { is: GENUINE, note: /HTML or XML/ },
  '31-html-entities': { is: GENUINE, note: /HTML or XML/ },
  '32-percent-b64': { is: GENUINE, note: /percent-encoding/ },
  '33-percent-pem': { is: GENUINE, note: /percent-encoding/ },
  // Its base64 has no plus sign to lose: the file is that of 07, byte for byte.
  '34-plus-lost': { is: GENUINE, note: /decoded base64/ },
  '35-two-b64-der-lines': { is: GENUINE, note: /decoded base64/ },
  '36-x5c-json': { is: GENUINE, note: /out of JSON/ },
  '37-zip-of-two': { is: GENUINE, note: /unpacked the zip \(2 files\)/ },
  '38-leaf-only': { is: /there is only one certificate; the slot F9 certificate is missing/ },
  // F9 and a root: in 40 the attestation is the one that is missing, too.
  '39-f9-only': { is: /there is only the F9 certificate; the attestation of the key is missing/ },
  '40-f9+leaf': { is: /there is only the F9 certificate; the attestation of the key is missing/ },
  '41-fullchain': { is: GENUINE },
  '42-fullchain-shuffled': { is: /wrong order: the attestation is certificate 1, that of slot F9 certificate 4/ },
  '43-leaf+root-no-f9': { is: /the certificate of slot F9 is missing/ },
  '44-leaf+wrong-f9': { is: /the F9 certificate belongs to another YubiKey/ },
  '45-leaf-twice': { is: /certificate 2 is certificate 1 once more; that of slot F9 is missing/ },
  '46-leaf+f9+f9': { is: /certificate 3 is certificate 2 once more/ },
  '47-csr-in-same-file': { is: GENUINE, note: /found a request beside/ },
  '48-truncated': { is: /"CERTIFICATE" begins but does not end/ },
  '49-truncated-b64': { is: /"CERTIFICATE" begins but does not end/ },
  '50-empty': { is: /the file is empty/ },
  '51-whitespace': { is: /nothing but blanks/ },
  '52-html-page': { is: /web page/ },
  '53-rtf': { is: /RTF/ },
  '54-fido-attestation': { is: /FIDO/ },
  '55-u2f': { is: /U2F/ },
  '56-private-key': { is: /private key \(PRIVATE KEY\)/ },
  '57-cmd-output': { is: GENUINE, note: /plain PEM/ },
  '58-xml-cdata': { is: GENUINE, note: /HTML or XML/ },
  '59-literal-backslash-n': { is: GENUINE, note: /plain PEM/ },
  '60-literal-backslash-r-n': { is: GENUINE, note: /plain PEM/ },
  '61-data-uri': { is: GENUINE, note: /data: address/ },
  '62-form-field': { is: GENUINE, note: /form field/ },
  '63-lower-begin': { is: /lower-case/ },
  '64-blank-lines': { is: GENUINE, note: /plain PEM/ },
  '65-ssh-key': { is: /form of SSH/ },
  '66-gz-of-pem': { is: GENUINE, note: /unpacked the gzip/ },
  '70-step-cbor': { is: GENUINE, note: /ACME attestation object/ },
  '71-step-cbor-b64url': { is: GENUINE, note: /ACME attestation object/ },
  '72-acme-json': { is: GENUINE, note: /ACME attestation object/ },
}

// biome-ignore format: a table
const REQUESTS: Readonly<Record<string, 'read' | RegExp>> = {
  'b64-nohdr': 'read', 'b64-of-pem': 'read', 'b64-wrapped': 'read', b64url: 'read', bom: 'read', 'certutil-of-b64': 'read', crlf: 'read',
  der: 'read', indent: 'read', 'json-string': 'read', 'literal-n': 'read', mailquote: 'read', 'new-label': 'read', 'no-final-newline': 'read',
  oneline: 'read', 'oneline-space': 'read', 'p10-trailing-null': 'read', percent: 'read', plain: 'read', 'text-before': 'read',
  'trailing-newline-der': 'read', utf16le: 'read',
  'cert-only': /Could not find a certificate request \(found: CERTIFICATE\)/,
  'csr+cert': /the file holds more than it \(CERTIFICATE REQUEST, CERTIFICATE\)/,
  empty: /the file is empty/,
  truncated: /"CERTIFICATE REQUEST" begins but does not end/,
  'two-csrs': /Could not tell which request is meant: the file holds 2/,
}

/** The files of one call, in order: `NAME.0`, `NAME.1`. */
const callsOf = (path: string): ReadonlyMap<string, readonly Uint8Array[]> => {
  const calls = new Map<string, Uint8Array[]>()
  for (const file of readdirSync(path).sort()) {
    const name = file.replace(/\.\d$/, '')
    calls.set(name, [...(calls.get(name) ?? []), readFileSync(join(path, file))])
  }
  return calls
}

describe.runIf(folder !== undefined)('forms that people had', () => {
  const attestations =
    folder === undefined ? new Map<string, readonly Uint8Array[]>() : callsOf(join(folder, 'attestation-forms'))
  const requests =
    folder === undefined ? new Map<string, readonly Uint8Array[]>() : callsOf(join(folder, 'request-forms'))

  it('each has its row, and each row its file', () => {
    expect([...attestations.keys()].sort()).toEqual(Object.keys(ATTESTATIONS).sort())
    expect([...requests.keys()].sort()).toEqual(Object.keys(REQUESTS).sort())
  })

  it.each([...attestations])('attestation %s is read rightly, or refused for its true cause', (name, files) => {
    const { is, note } = ATTESTATIONS[name] ?? { is: /no row/ }
    if (is !== GENUINE) {
      expect(() => judge(files)).toThrow(is)
      return
    }
    // What other tools make of the certificates is not what reading them undid.
    const notes = judge(files).filter((text) => !text.startsWith('other tools: '))
    if (note === undefined) expect(notes).toEqual([])
    else expect(notes.join('; ')).toMatch(note)
  })

  it.each([...requests])('request %s is read, or refused by name', (name, [file]) => {
    const expected = REQUESTS[name] ?? /no row/
    const read = () => readRequest(file ?? new Uint8Array())
    if (expected === 'read') expect(verifyCertificationRequest(read().request)).toBe(true)
    else expect(read).toThrow(expected)
  })
})

/** The notes of genuine evidence; throws the first cause of any other. */
function judge(files: readonly Uint8Array[]): readonly string[] {
  const { package: package_, certChains, notes } = readEvidence(...files)
  const result = checkAttestation({
    package: package_,
    ...(certChains === undefined ? {} : { certChains }),
    trustAnchors: builtInTrustAnchors(),
    now: NOW,
    notes,
  })
  if (result.genuine) return result.notes ?? []
  throw new Error(result.checks.find(({ status }) => status === 'fail')?.detail)
}
