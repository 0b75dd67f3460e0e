import { HSM_TYPES, type HsmType } from '../devices/device.ts'

export { HSM_TYPES, type HsmType }

/**
 * Is this the name of a family, as `HSM_TYPES` spells it? Narrows the type.
 *
 * @throws Nothing.
 * @example
 * ```ts
 * const hsmType = process.argv[2] ?? ''
 * if (isHsmType(hsmType)) console.log(builtInTrustAnchors(hsmType).length)
 * ```
 */
export function isHsmType(text: string): text is HsmType {
  return (HSM_TYPES as readonly string[]).includes(text)
}
