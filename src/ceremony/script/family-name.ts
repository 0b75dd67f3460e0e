import { didYouMeanHint } from '../../did-you-mean.ts'
import { EnrollError } from '../../errors.ts'
import { HSM_TYPES, type HsmType } from '../../hsm-type.ts'

/** `marvell-google` for MARVELL_GOOGLE. Throws EnrollError `usage.hsm-type`. */
export function hsmTypeNamed(name: string): HsmType {
  const found = HSM_TYPES.find((type) => nameOf(type) === name.toLowerCase())
  if (found !== undefined) return found
  const names = HSM_TYPES.map(nameOf)
  throw new EnrollError('usage.hsm-type', `There is no family "${name.slice(0, 40)}".${didYouMeanHint(name, names)}`, {
    remedy: `Use one of ${names.join(', ')}.`,
  })
}

const nameOf = (type: HsmType): string => type.toLowerCase().replaceAll('_', '-')
