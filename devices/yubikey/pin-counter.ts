import type { TokenDescription } from '../pkcs11/token-description.ts'
import { programEnvironment, runProgram } from '../run-program.ts'

const TIMEOUT_MS = 5000
const MAX_OUTPUT = 256 * 1024

/**
 * Tries left for the PIN, as `yubico-piv-tool -a status` prints them; libykcs11 tells by flags alone that they are few, one or none. Nothing is sent that costs a
 * try. Undefined where the tool is not installed, fails, or speaks of another device.
 */
export async function readPinCounter(token: TokenDescription, tool = 'yubico-piv-tool'): Promise<number | undefined> {
  const end = await runProgram({
    command: tool,
    arguments: ['-a', 'status', '-r', token.slotDescription],
    environment: programEnvironment(process.env),
    timeout: TIMEOUT_MS,
    maxOutput: MAX_OUTPUT,
  })
  return end.kind === 'ended' && end.status === 0 ? parseStatus(end.stdout.toString('utf8'), token.serial) : undefined
}

export function parseStatus(output: string, serial: string): number | undefined {
  if (/^Serial Number:\s*(\d+)\s*$/m.exec(output)?.[1] !== serial) return undefined
  const tries = /^PIN tries left:\s*(\d+)\s*$/m.exec(output)?.[1]
  return tries === undefined ? undefined : Number(tries)
}
