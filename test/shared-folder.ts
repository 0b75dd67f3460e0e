import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { notRun } from './not-run.ts'

const SHARED = resolve(import.meta.dirname, '../../shared')

/** What each folder of other people's data is. None of it may be copied into the project; docs/proof.md says where it comes from. */
const FOLDERS = {
  vectors: 'attestations of real devices',
  suites: 'Project Wycheproof',
  seeds: "Sectigo's API documents",
  cases: 'files in the forms in which people had them',
} as const

/**
 * A folder of other people's data beside the project, or undefined where it is absent. With `HSM_ENROLL_REQUIRE_SHARED` set, its
 * absence is an error: nothing may be passed over there.
 */
export function sharedFolder(name: keyof typeof FOLDERS): string | undefined {
  const folder = join(SHARED, name)
  if (existsSync(folder)) return folder
  const needs = `../shared/${name} (${FOLDERS[name]}: docs/proof.md)`
  if (process.env.HSM_ENROLL_REQUIRE_SHARED) throw new Error(`missing: ${needs}`)
  notRun(needs)
  return undefined
}
