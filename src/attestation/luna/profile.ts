import type { Certificate } from '../../asn1/certificate.ts'
import { EXTENSION_OID, extendedKeyUsageOf, KEY_USAGE, keyUsageOf } from '../certificates/certificate-extensions.ts'
import { extensionFault, issuerFault, leafFault } from '../certificates/issuer-rule.ts'
import type { CheckList } from '../contract/check-list.ts'
import { LUNA_FORMS, type LunaForm, type LunaRole } from './roles.ts'
import { LUNA_RULES as RULE } from './rules.ts'

const AGAIN = 'Export it again with "cmu getpkc" (RSA: -pkctype=2) and send the file unchanged.'

/** Which form the leaf's key asks for, and whether the number of certificates fits it (with or without the root). */
export function checkForm(
  certificates: readonly Certificate[],
  keyType: 'RSA' | 'EC' | 'other',
  checks: CheckList,
): LunaForm | undefined {
  const form = LUNA_FORMS.find((candidate) => candidate.keyType === keyType)
  const count = certificates.length
  if (form === undefined) {
    checks.fail(RULE.form, 'The confirmed key is neither RSA nor EC.', 'Generate an RSA or EC key pair on the Luna.')
    return undefined
  }
  if (count === form.roles.length || count === form.roles.length + 1) {
    checks.pass(RULE.form, `${form.name}: ${count} certificates.`)
    return form
  }
  const other = LUNA_FORMS.find((candidate) => candidate !== form && hasRole(certificates[1], candidate.roles[1]))
  if (other !== undefined) {
    checks.fail(
      RULE.form,
      `The confirmed key is ${form.keyType}, but the certificates above it are for ${other.keyType} keys.`,
      'Export the confirmation of this key again: CKA_PKC_CITS ("cmu getpkc -pkctype=2") for an RSA key, CKA_PKC_ECC for an EC key.',
    )
  } else if (isTrustCenterForm(certificates, form)) {
    checks.fail(
      RULE.form,
      `The confirmation of this RSA key has ${count} certificates: it is the TC TrustCenter type (pkctype 1), which does not end in the root that CAs expect.`,
      'Export the Chrysalis-ITS type: "cmu getpkc -pkctype=2", or the attribute CKA_PKC_CITS.',
    )
  } else {
    const expected = `${form.roles.length} or ${form.roles.length + 1}`
    checks.fail(
      RULE.form,
      `The confirmation has ${count} certificates, expected ${expected}: some were lost, duplicated or added.`,
      AGAIN,
    )
  }
  return undefined
}

/** Three certificates over an RSA key, of which the second is not the device authentication of the other form. */
function isTrustCenterForm(certificates: readonly Certificate[], form: LunaForm): boolean {
  return form.keyType === 'RSA' && certificates.length === 3 && !hasRole(certificates[1], form.roles[1])
}

function hasRole(certificate: Certificate | undefined, role: LunaRole | undefined): boolean {
  if (certificate === undefined || role === undefined) return false
  const usages = extendedKeyUsageOf(certificate)
  return usages !== undefined && usages !== 'malformed' && usages.includes(role.usage)
}

/**
 * Each certificate has exactly the extended key usage of its place, critical. Places count: Thales's validator takes them so. Returns the
 * certificates by their places where they are complete but out of order, so that no other check is told of the same cause.
 */
export function checkRoles(
  certificates: readonly Certificate[],
  form: LunaForm,
  checks: CheckList,
): readonly Certificate[] {
  const places = [...form.roles, form.root]
  for (const [index, certificate] of certificates.entries()) {
    const role = places[index]
    const usages = extendedKeyUsageOf(certificate)
    const critical = certificate.extensions.get(EXTENSION_OID.extKeyUsage)?.critical === true
    if (role !== undefined && critical && usages?.length === 1 && usages[0] === role.usage) continue
    const found = usages === undefined ? undefined : places.find(({ usage }) => usages.includes(usage))
    if (found !== undefined && found !== role && isReordered(certificates, places)) {
      checks.fail(
        RULE.roles,
        `The certificates are complete but out of order (the ${found.name} certificate is at position ${index + 1}): another program probably rewrote the PKCS#7, which sorts a SET.`,
        AGAIN,
      )
      return places.flatMap(({ usage }) => certificates.find((one) => soleUsage(one) === usage) ?? [])
    }
    const detail =
      found === undefined || found === role
        ? `Certificate ${index + 1} does not have the role ${role?.name ?? 'of its position'} (${role?.usage ?? ''}, critical, alone).`
        : `Certificate ${index + 1} is the ${found.name} certificate, expected ${role?.name}: the certificates are out of order, or one appears twice.`
    checks.fail(RULE.roles, detail, AGAIN)
    return certificates
  }
  checks.pass(
    RULE.roles,
    `Roles in order: ${places
      .slice(0, certificates.length)
      .map(({ name }) => name)
      .join(', ')}.`,
  )
  return certificates
}

/** Every role once, at whatever place. */
function isReordered(certificates: readonly Certificate[], places: readonly { readonly usage: string }[]): boolean {
  const usages = certificates.map(soleUsage)
  return places.slice(0, certificates.length).every(({ usage }) => usages.includes(usage))
}

function soleUsage(certificate: Certificate): string | undefined {
  const found = extendedKeyUsageOf(certificate)
  return found === 'malformed' || found?.length !== 1 ? undefined : found[0]
}

/** Looked at by `checkRoles`. */
const FORM = { looksAt: [EXTENSION_OID.extKeyUsage] } as const

/** The leaf signs and is no CA; those between leaf and root are CAs. The root is judged by its pinned key alone. */
export function checkConstraints(certificates: readonly Certificate[], form: LunaForm, checks: CheckList): void {
  for (const [index, certificate] of certificates.slice(0, form.roles.length).entries()) {
    const fault = index === 0 ? confirmationFault(certificate) : issuerFault(certificate, index - 1, FORM)
    if (fault !== undefined) {
      checks.fail(RULE.constraints, `Certificate ${index + 1} (${form.roles[index]?.name}) ${fault}.`, AGAIN)
      return
    }
  }
  checks.pass(RULE.constraints, 'The leaf is not a CA, those above it are; no critical extension is unknown.')
}

function confirmationFault(leaf: Certificate): string | undefined {
  const fault = extensionFault(leaf, FORM.looksAt) ?? leafFault(leaf)
  if (fault !== undefined) return fault
  const usage = keyUsageOf(leaf)
  return usage === undefined || usage === 'malformed' || !usage.has(KEY_USAGE.digitalSignature)
    ? 'is not for digital signatures'
    : undefined
}
