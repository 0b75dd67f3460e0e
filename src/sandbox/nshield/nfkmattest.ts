/**
 * Plays Entrust's `nfkmattest bundle [--output PATH] [--warrants DIR] APPNAME IDENT` against the virtual nShield. The
 * words of its errors and its exit codes are not documented; those here are this stand-in's own.
 */
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { TokenControl } from '../pkcs11-token/control-client.ts'
import type { ObjectView } from '../pkcs11-token/control-protocol.ts'
import { NSHIELD_CKA } from '../pkcs11-token/personalities/nshield-constants.ts'

export const nfkmattestUrl = import.meta.url

const USAGE = 'usage: nfkmattest bundle [--output PATH] [--warrants DIR] APPNAME IDENT'

/** `args` without the program's name; returns the exit code. */
export async function runNfkmattest(args: readonly string[], controlPath: string): Promise<number> {
  const [command, ...rest] = args
  if (command !== 'bundle') return fail(USAGE)
  const { values, positionals } = parseArgs({
    args: rest,
    options: { output: { type: 'string', short: 'o' }, warrants: { type: 'string' } },
    allowPositionals: true,
  })
  const [appname, ident, ...more] = positionals
  if (appname === undefined || ident === undefined || more.length > 0) return fail(USAGE)
  const key = (await new TokenControl(controlPath).objects()).find(
    (object) =>
      text(object, NSHIELD_CKA.NFKM_APPNAME) === appname &&
      text(object, NSHIELD_CKA.NFKM_ID) === ident &&
      object.attributes['108'] !== undefined,
  )
  if (key === undefined) return fail(`key ${appname} ${ident} not found`)
  if (key.evidence === undefined) return fail('no KLF2 warrant for the module that made this key')
  await writeFile(values.output ?? `key_${appname}_${ident}.att`, Buffer.from(key.evidence, 'base64'))
  return 0
}

const text = (object: ObjectView, type: number): string | undefined => {
  const value = object.attributes[type.toString(16)]
  return value === undefined ? undefined : Buffer.from(value, 'base64').toString('latin1')
}

function fail(why: string): number {
  process.stderr.write(`nfkmattest: ${why}\n`)
  return 1
}
