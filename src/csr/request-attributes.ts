import { readDer } from '../asn1/der.ts'
import { inDerOrder } from '../asn1/der-writer.ts'
import { EnrollError } from '../errors.ts'
import { OID_EXTENSION_REQUEST, type RequestAttribute } from './certification-request.ts'
import { exactBuffer, type RequestedExtensions, requestedExtensions } from './requested-extensions.ts'

type PkiJs = typeof import('pkijs')
type Asn1Js = typeof import('asn1js')

/**
 * The attributes that the template asks for, none if it asks for none. They are a SET OF, as are the values of each, and
 * pkijs writes both in the order in which they are given. Throws EnrollError `csr.attribute`, `csr.subject-alt-name`; DerError.
 */
export function requestAttributes(
  template: RequestedExtensions & { readonly attributes?: readonly RequestAttribute[] },
  pkijs: PkiJs,
  asn1js: Asn1Js,
): InstanceType<PkiJs['Attribute']>[] {
  const wanted = [...(template.attributes ?? [])]
  for (const [at, { oid, values }] of wanted.entries()) {
    if (oid === OID_EXTENSION_REQUEST) throw refused(oid, 'the extensions have members of their own in the template')
    if (wanted.findIndex((other) => other.oid === oid) < at) throw refused(oid, 'it is given twice')
    if (values.length === 0) throw refused(oid, 'it has no value')
  }
  const extensions = requestedExtensions(template, pkijs, asn1js)
  if (extensions.length > 0) {
    const value = new Uint8Array(new pkijs.Extensions({ extensions }).toSchema().toBER())
    wanted.push({ oid: OID_EXTENSION_REQUEST, values: [value] })
  }
  return wanted
    .map(({ oid, values }) => {
      const ordered = inDerOrder(values.map((value) => readDer(value).bytes))
      return new pkijs.Attribute({
        type: oid,
        values: ordered.map((value) => asn1js.fromBER(exactBuffer(value)).result),
      })
    })
    .map((attribute) => ({ attribute, der: new Uint8Array(attribute.toSchema().toBER()) }))
    .sort((a, b) => Buffer.compare(a.der, b.der))
    .map(({ attribute }) => attribute)
}

const refused = (oid: string, why: string): EnrollError =>
  new EnrollError('csr.attribute', `Could not write the attribute ${oid.slice(0, 60)}: ${why}.`, {
    remedy:
      'Pass each attribute once, with at least one value; pass extensions as keyUsage, extendedKeyUsage, subjectAltNames.',
  })
