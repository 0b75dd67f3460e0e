import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'

const SHARED = resolve(import.meta.dirname, '../../shared')

/**
 * A folder of other people's data that stands beside the project (`vectors`, `suites`, `seeds`), or undefined where it is absent.
 * In CI its absence is an error: nothing may be passed over there.
 */
export function sharedFolder(name: 'vectors' | 'suites' | 'seeds'): string | undefined {
  const folder = join(SHARED, name)
  if (existsSync(folder)) return folder
  if (process.env.CI) throw new Error(`../shared/${name} is missing`)
  process.stderr.write(`not run: needs ../shared/${name}\n`)
  return undefined
}
