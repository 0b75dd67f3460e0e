/**
 * Plays Entrust's `nfkmattest bundle [--output PATH] [--warrants DIR] APPNAME IDENT` against the virtual
 * nShield. The words of its errors and its exit codes are not documented; those here are this stand-in's own.
 */
import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { NSHIELD_CKA } from '../../../devices/nshield/nshield-constants.ts'
import { CKA } from '../../../devices/pkcs11/pkcs11-constants.ts'
import { TokenControl } from '../pkcs11-token/control-client.ts'
import type { ObjectView } from '../pkcs11-token/control-protocol.ts'

export const nfkmattestUrl = import.meta.url

const USAGE = 'usage: nfkmattest bundle [--output PATH] [--warrants DIR] APPNAME IDENT'

/** `args` without the program's name; returns the exit code. */
export async function runNfkmattest(args: readonly string[], controlPath: string): Promise<number> {
  const [command, ...rest] = args
  const control = new TokenControl(controlPath)
  try {
    if (command === 'bundle') return await bundle(rest, control)
    return fail(USAGE)
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error))
  }
}

async function bundle(args: readonly string[], control: TokenControl): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { output: { type: 'string', short: 'o' }, warrants: { type: 'string' } },
    allowPositionals: true,
  })
  const [appname, ident, ...more] = positionals
  if (appname === undefined || ident === undefined || more.length > 0) return fail(USAGE)
  const key = (await control.objects()).find(
    (object) =>
      text(object, NSHIELD_CKA.NFKM_APPNAME) === appname &&
      text(object, NSHIELD_CKA.NFKM_ID) === ident &&
      text(object, CKA.SENSITIVE) !== undefined,
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
