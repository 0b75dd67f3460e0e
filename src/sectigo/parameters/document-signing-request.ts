import { BlockList, isIP } from 'node:net'
import { isCountry } from './countries.ts'
import type { FormView } from './form-view.ts'
import type { TableRule } from './parameter.ts'

const PAGE = 'Sectigo API, Document Signing, !AutoApplyOrder, error codes'
const NEW_NAME = 'Put the name of the person or organization into the Common Name (request.subject).'

/** `www.example.org`, as a name alone: "Example.org Ltd" is none. */
const DOMAIN_NAME = /^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/i

/** Attribute types of which a subject has one value (CA/B Forum documents, RFC 5280 Appendix A.1): the CA vets one of each. */
const SINGLE_VALUED = ['CN', 'C', 'O', 'L', 'ST', 'postalCode', 'serialNumber'] as const

/** The subject's attributes that the order form has, too: what the CA vets is the form's value. */
const VETTED = [
  { attribute: 'O', parameter: 'organizationName' },
  { attribute: 'C', parameter: 'countryName' },
] as const

/**
 * What the CA's own table of errors says of the subject and the names of a request for Document Signing: known before a key is
 * generated for it.
 */
export const REQUEST_RULES: readonly TableRule[] = [
  refused(-5, PAGE, NEW_NAME, (form) => commonName(form, (name) => name.includes('*'), 'contains a wildcard')),
  refused(-19, PAGE, NEW_NAME, (form) =>
    commonName(form, (name) => isIP(name) !== 0 && !isPrivate(name), 'is a public IP address'),
  ),
  refused(-35, PAGE, NEW_NAME, (form) => commonName(form, (name) => isIP(name) !== 0, 'is an IP address')),
  refused(-18, PAGE, NEW_NAME, (form) => commonName(form, (name) => DOMAIN_NAME.test(name), 'is a domain name')),
  // Anything but two letters is refused by policy.request.subject-length already.
  refused(-7, PAGE, 'Use the two capital letters of ISO 3166, for example NL.', (form) => {
    const wrong = form.csrValues('C').find((country) => country.length === 2 && !isCountry(country))
    return wrong === undefined ? undefined : `its country "${shown(wrong)}" is not one of ISO 3166`
  }),
  refused(
    -162,
    'https://docs.sectigo.com/mcp/mark-certificates/api-unsuccessful-responses',
    'Remove domain names and IP addresses from request.subjectAltNames.',
    (form) => (form.csrHasDomains ? 'its subjectAltName holds a domain name or an IP address' : undefined),
  ),
  refused(-10, 'RFC 5280, Appendix A.1', 'Keep one value of each in request.subject.', (form) => {
    const twice = SINGLE_VALUED.find((attribute) => form.csrValues(attribute).length > 1)
    return twice === undefined ? undefined : `its subject has ${twice} more than once`
  }),
  ...VETTED.map(
    ({ attribute, parameter }): TableRule => ({
      parameter: 'csr',
      severity: 'warn',
      violated: (form) => {
        const ordered = form.get(parameter)
        const [asked] = form.csrValues(attribute)
        if (ordered === undefined || asked === undefined || same(ordered, asked)) return undefined
        return `its subject has ${attribute} "${shown(asked)}", but the order has ${parameter} "${shown(ordered)}"`
      },
      remedy: `Make request.subject and ${parameter} agree: the certificate gets what the CA has checked, which is the order's.`,
      source: `Sectigo API, Document Signing, !AutoApplyOrder, ${parameter}`,
    }),
  ),
]

/** RFC 1918, 4193, 3927, 4291: addresses of no use outside one network. */
const PRIVATE = new BlockList()
for (const [network, prefix] of [
  ['10.0.0.0', 8],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const)
  PRIVATE.addSubnet(network, prefix, 'ipv4')
for (const [network, prefix] of [
  ['::1', 128],
  ['fc00::', 7],
  ['fe80::', 10],
] as const)
  PRIVATE.addSubnet(network, prefix, 'ipv6')

const isPrivate = (address: string): boolean => PRIVATE.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')

function refused(code: number, source: string, remedy: string, violated: TableRule['violated']): TableRule {
  return { parameter: 'csr', severity: 'fail', code, violated, remedy, source }
}

function commonName(form: FormView, wrong: (name: string) => boolean, why: string): string | undefined {
  const name = form.csrValues('CN').find((value) => wrong(value.trim()))
  return name === undefined ? undefined : `its Common Name "${shown(name)}" ${why}`
}

const shown = (text: string): string => text.slice(0, 64)

const same = (a: string, b: string): boolean => normal(a) === normal(b)
const normal = (text: string): string => text.normalize('NFC').trim().replace(/\s+/g, ' ').toLowerCase()
