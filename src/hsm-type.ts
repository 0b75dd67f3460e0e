import { HSM_TYPES, type HsmType } from '../devices/device.ts'

export { HSM_TYPES, type HsmType }

export function isHsmType(text: string): text is HsmType {
  return (HSM_TYPES as readonly string[]).includes(text)
}
