import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { EnrollError } from '../../errors.ts'

/** Where distributions put p11-kit's modules; `*` stands for the architecture's directory (Debian's multiarch triplet). */
const PLACES = [
  '/usr/lib/*/pkcs11/p11-kit-client.so',
  '/usr/lib64/pkcs11/p11-kit-client.so',
  '/usr/lib/pkcs11/p11-kit-client.so',
  '/usr/local/lib/pkcs11/p11-kit-client.so',
  '/opt/homebrew/lib/pkcs11/p11-kit-client.so',
]

const expand = (place: string): string[] => {
  const [before, after] = place.split('*')
  if (before === undefined || after === undefined) return [place]
  return existsSync(before) ? readdirSync(before).map((name) => join(before, name, after)) : []
}

/** The module that reaches the double. Throws EnrollError `sandbox.p11-kit` where p11-kit's modules are not installed. */
export function findClientModule(): string {
  const module = PLACES.flatMap(expand).find((path) => existsSync(path))
  if (module === undefined) {
    throw new EnrollError('sandbox.p11-kit', 'Could not find p11-kit-client.so, through which the double is reached.', {
      remedy: 'Install p11-kit and its modules (Debian: p11-kit-modules).',
    })
  }
  return module
}
