import { isIP } from 'node:net'
import { EnrollError } from '../errors.ts'

/** A GeneralName (RFC 5280 4.2.1.6): `value` is `www.example.com`, `name@example.com`, `https://example.com/` or `192.0.2.1`. */
export interface SubjectAltName {
  readonly type: 'dns' | 'email' | 'uri' | 'ip'
  readonly value: string
}

export const KEY_USAGE_NAMES = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
] as const
/** A bit of the extension keyUsage (RFC 5280 4.2.1.3). */
export type KeyUsageName = (typeof KEY_USAGE_NAMES)[number]

/** pkijs reads whole ArrayBuffers; a view of a larger one must be copied out. */
export function exactBuffer(bytes: Uint8Array): ArrayBuffer {
  const buffer = new ArrayBuffer(bytes.length)
  new Uint8Array(buffer).set(bytes)
  return buffer
}

type PkiJs = typeof import('pkijs')
type Asn1Js = typeof import('asn1js')

/** An extension that has no member of its own in the template. */
export interface FurtherExtension {
  /** Dotted. */
  readonly oid: string
  /** What stands inside the OCTET STRING, DER. */
  readonly value: Uint8Array
}

/** What a request asks the CA to write into the certificate. */
export interface RequestedExtensions {
  readonly subjectAltNames?: readonly SubjectAltName[]
  /** Bit names of RFC 5280 4.2.1.3. */
  readonly keyUsage?: readonly KeyUsageName[]
  /** Dotted OIDs. */
  readonly extendedKeyUsage?: readonly string[]
  /** Not critical, beside those above: an attestation in Yubico's extensions, for example. */
  readonly furtherExtensions?: readonly FurtherExtension[]
}

/** The extensions that the template asks for, none where it asks for none. Throws EnrollError `csr.subject-alt-name`. */
export function requestedExtensions(
  template: RequestedExtensions,
  pkijs: PkiJs,
  asn1js: Asn1Js,
): InstanceType<PkiJs['Extension']>[] {
  const extensions: InstanceType<PkiJs['Extension']>[] = []
  const add = (extnID: string, critical: boolean, value: ArrayBuffer): void => {
    extensions.push(new pkijs.Extension({ extnID, critical, extnValue: value }))
  }
  if (template.keyUsage !== undefined && template.keyUsage.length > 0) {
    add('2.5.29.15', true, keyUsageBits(template.keyUsage, asn1js))
  }
  if (template.extendedKeyUsage !== undefined && template.extendedKeyUsage.length > 0) {
    add('2.5.29.37', false, new pkijs.ExtKeyUsage({ keyPurposes: [...template.extendedKeyUsage] }).toSchema().toBER())
  }
  if (template.subjectAltNames !== undefined && template.subjectAltNames.length > 0) {
    const altNames = template.subjectAltNames.map((name) => generalName(name, pkijs, asn1js))
    add('2.5.29.17', false, new pkijs.GeneralNames({ names: altNames }).toSchema().toBER())
  }
  for (const { oid, value } of template.furtherExtensions ?? []) add(oid, false, exactBuffer(value))
  return extensions
}

/** A named bit list has no trailing zero bits (X.690 11.2.2). */
function keyUsageBits(names: readonly KeyUsageName[], asn1js: Asn1Js): ArrayBuffer {
  let octet = 0
  for (const name of names) octet |= 0x80 >> KEY_USAGE_NAMES.indexOf(name)
  const unusedBits = Math.min(7, 31 - Math.clz32(octet & -octet))
  return new asn1js.BitString({ valueHex: Uint8Array.of(octet).buffer, unusedBits }).toBER()
}

/** IA5String, and the forms of RFC 5280 4.2.1.6; whether digits are an address is judged where they are read. */
// biome-ignore format: a table, a row a line
const FORMS: Readonly<Record<SubjectAltName['type'], readonly [RegExp, string]>> = {
  email: [/^[!-?A-~]+@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?$/, 'email:name@example.com'],
  dns: [/^(?:\*\.)?(?:[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/, 'dns:www.example.com'],
  uri: [/^[A-Za-z][A-Za-z0-9+.-]*:[!-~]+$/, 'uri:https://example.com/'],
  ip: [/^[0-9A-Fa-f.:]+$/, 'ip:192.0.2.1 or ip:2001:db8::1'],
}

function generalName(name: SubjectAltName, pkijs: PkiJs, asn1js: Asn1Js): InstanceType<PkiJs['GeneralName']> {
  const [form, example] = FORMS[name.type]
  if (!form.test(name.value)) {
    throw new EnrollError(
      'csr.subject-alt-name',
      `Could not use "${name.value.slice(0, 60)}" as a name of the type ${name.type}.`,
      {
        remedy: `Write it as ${example}; convert non-ASCII characters to their ASCII form.`,
      },
    )
  }
  switch (name.type) {
    case 'email':
      return new pkijs.GeneralName({ type: 1, value: name.value })
    case 'dns':
      return new pkijs.GeneralName({ type: 2, value: name.value })
    case 'uri':
      return new pkijs.GeneralName({ type: 6, value: name.value })
    case 'ip':
      return new pkijs.GeneralName({
        type: 7,
        value: new asn1js.OctetString({ valueHex: exactBuffer(addressOctets(name.value)) }),
      })
  }
}

function addressOctets(address: string): Uint8Array {
  if (isIP(address) === 4) return Uint8Array.from(address.split('.').map(Number))
  if (isIP(address) === 6) return ipv6Octets(address)
  throw new EnrollError('csr.subject-alt-name', `Could not read "${address.slice(0, 60)}" as an IP address.`, {
    remedy: 'Write an IPv4 address (192.0.2.1) or an IPv6 address (2001:db8::1).',
  })
}

function ipv6Octets(address: string): Uint8Array {
  const groups = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::')
  const read = (text: string | undefined): number[] =>
    text === undefined || text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16))
  const head = read(groups[0])
  const tail = read(groups[1])
  const all = [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail]
  return Uint8Array.from(all.flatMap((group) => [group >> 8, group & 0xff]))
}
