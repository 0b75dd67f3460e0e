import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { TokenDescription } from '../pkcs11/token-description.ts'

const run = promisify(execFile)
const TIMEOUT_MS = 5000
const MAX_OUTPUT = 256 * 1024

/**
 * Tries left for the PIN, as `yubico-piv-tool -a status` prints them; libykcs11 does not tell. Nothing is sent that costs a
 * try. Undefined where the tool is not installed, fails, or speaks of another device.
 */
export async function readPinCounter(token: TokenDescription, tool = 'yubico-piv-tool'): Promise<number | undefined> {
  try {
    const { stdout } = await run(tool, ['-a', 'status', '-r', token.slotDescription], {
      timeout: TIMEOUT_MS,
      maxBuffer: MAX_OUTPUT,
    })
    return parseStatus(stdout, token.serial)
  } catch {
    return undefined
  }
}

export function parseStatus(output: string, serial: string): number | undefined {
  if (/^Serial Number:\s*(\d+)\s*$/m.exec(output)?.[1] !== serial) return undefined
  const tries = /^PIN tries left:\s*(\d+)\s*$/m.exec(output)?.[1]
  return tries === undefined ? undefined : Number(tries)
}
