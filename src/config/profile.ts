import {
  HASH_NAMES,
  type HashName,
  type HsmType,
  KEY_ALGORITHMS,
  type KeyAlgorithm,
  type KeySpec,
} from '../../devices/device.ts'
import { type Name, parseNameText } from '../asn1/name.ts'
import {
  KEY_USAGE_NAMES,
  type KeyUsageName,
  type RequestTemplate,
  type SubjectAltName,
} from '../csr/build-certification-request.ts'
import { didYouMeanHint } from '../did-you-mean.ts'
import { isHsmType } from '../hsm-type.ts'
import type { OrderForm } from '../sectigo/certificate-authority.ts'
import { ConfigError } from './config-error.ts'
import type { Configuration } from './configuration.ts'

/** A configuration as the enrolment run needs it: typed, and complete for the part asked for. */
export interface DeviceProfile {
  readonly uri: string
  readonly hsmType?: HsmType
  /** The family's own settings, as text or lists of text. */
  readonly settings: Readonly<Record<string, unknown>>
}

export type KeyProfile = Pick<KeySpec, 'algorithm' | 'pinPolicy' | 'touchPolicy'>

/** The family's own settings of the `device:` section. */
export function deviceSettings(configuration: Configuration): Readonly<Record<string, unknown>> {
  return Object.fromEntries([...configuration.section('device')].map(([name, { value }]) => [name, value]))
}

export function deviceProfile(configuration: Configuration): DeviceProfile {
  const hsmType = configuration.text('device.hsmType')
  return {
    uri: configuration.required('device.uri'),
    ...(hsmType !== undefined && isHsmType(hsmType) ? { hsmType } : {}),
    settings: deviceSettings(configuration),
  }
}

const oneOf = <T extends string>(values: readonly T[], text: string | undefined): T | undefined =>
  values.find((value) => value === text)

export function keyProfile(configuration: Configuration): KeyProfile {
  const algorithm: KeyAlgorithm = oneOf(KEY_ALGORITHMS, configuration.text('key.algorithm')) ?? 'P-256'
  const pinPolicy = oneOf(['default', 'never', 'once', 'always'] as const, configuration.text('key.pinPolicy'))
  const touchPolicy = oneOf(['default', 'never', 'always', 'cached'] as const, configuration.text('key.touchPolicy'))
  return {
    algorithm,
    ...(pinPolicy === undefined ? {} : { pinPolicy }),
    ...(touchPolicy === undefined ? {} : { touchPolicy }),
  }
}

/**
 * What the request of a profile asks for: subject, names, key usages, hash.
 *
 * @throws EnrollError `config.missing`, `config.value`, `asn1.name`.
 * @example
 * ```ts
 * const template: RequestTemplate = requestTemplate(await loadConfiguration({ profile: 'signing.yaml' }))
 * console.log(formatName(template.subject))
 * ```
 */
export function requestTemplate(configuration: Configuration): RequestTemplate {
  const subject: Name = parseNameText(configuration.required('request.subject'))
  const hash: HashName | undefined = oneOf(HASH_NAMES, configuration.text('request.hash'))
  return {
    subject,
    subjectAltNames: configuration.list('request.subjectAltNames').map(subjectAltName),
    keyUsage: configuration.list('request.keyUsage').map(keyUsageName),
    extendedKeyUsage: configuration
      .list('request.extendedKeyUsage')
      .map((text) => dottedOid('request.extendedKeyUsage', text)),
    ...(hash === undefined ? {} : { hash }),
  }
}

function subjectAltName(text: string): SubjectAltName {
  const at = text.indexOf(':')
  const type = oneOf(['dns', 'email', 'uri', 'ip'] as const, text.slice(0, at))
  const value = text.slice(at + 1)
  if (type !== undefined && value !== '') return { type, value }
  throw new ConfigError(
    'value',
    `Invalid setting "request.subjectAltNames": "${text.slice(0, 60)}".`,
    'Write email:…, dns:…, ip:… or uri:….',
  )
}

function keyUsageName(text: string): KeyUsageName {
  const name = oneOf(KEY_USAGE_NAMES, text)
  if (name !== undefined) return name
  throw new ConfigError(
    'value',
    `Invalid setting "request.keyUsage": "${text.slice(0, 60)}" is not a key usage.${didYouMeanHint(text, KEY_USAGE_NAMES)}`,
    `Use ${KEY_USAGE_NAMES.join(', ')}.`,
  )
}

/** The type of the statement in id-aa-attestation, dotted. Throws EnrollError `config.value`. */
export function attestationType(configuration: Configuration): string | undefined {
  const text = configuration.text('request.attestationType')
  return text === undefined ? undefined : dottedOid('request.attestationType', text)
}

/** Arcs as X.660 has them: the second below 40 under 0 and 1; each small enough for a number. */
const DOTTED = /^(?:[01]\.(?:[0-9]|[1-3][0-9])|2\.(?:0|[1-9]\d{0,14}))(?:\.(?:0|[1-9]\d{0,14}))+$/

function dottedOid(setting: string, text: string): string {
  if (DOTTED.test(text)) return text
  throw new ConfigError(
    'value',
    `Invalid setting "${setting}": "${text.slice(0, 60)}" is not a dotted OID.`,
    'Write it as 1.3.6.1.5.5.7.3.36.',
  )
}

/**
 * The order form of a profile, by the CA's parameter names. Lists become comma-separated, as `product` wants it.
 *
 * @throws Nothing.
 * @example
 * ```ts
 * const form = orderForm(await loadConfiguration({ profile: 'signing.yaml' }))
 * console.log(form.product, form.days)
 * ```
 */
export function orderForm(configuration: Configuration): OrderForm {
  return Object.fromEntries(
    [...configuration.section('order')].map(([name, { value }]) => [
      name,
      typeof value === 'string' ? value : value.join(','),
    ]),
  )
}
