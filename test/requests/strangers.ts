import { spawnSync } from 'node:child_process'

/** Programs of others that read a request and verify its signature; `verified` is what they print of one that does. */
const READERS = [
  { command: 'openssl', args: ['req', '-verify', '-noout', '-text'], verified: /self-signature verify OK/ },
  { command: 'certtool', args: ['--crq-info'], verified: /^Self signature: verified$/m },
] as const
export type Stranger = (typeof READERS)[number]['command']

/** Those that are here. In CI the absence of one is an error: nothing may be passed over there. */
export const STRANGERS: readonly Stranger[] = READERS.map(({ command }) => command).filter((command) => {
  if (spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined) return true
  if (process.env.CI) throw new Error(`missing: ${command}`)
  process.stderr.write(`requests are not read with ${command}: it is not installed\n`)
  return false
})

/** What the program prints of the request (PEM). Throws its words if it cannot read the request, or calls its signature wrong. */
export function readByStranger(stranger: Stranger, pem: string): string {
  const { command, args, verified } = READERS.find((reader) => reader.command === stranger) ?? READERS[0]
  const { status, stdout, stderr, error } = spawnSync(command, args, { input: pem, encoding: 'utf8' })
  if (error !== undefined) throw error
  const said = stdout + stderr
  if (status !== 0 || !verified.test(said)) throw new Error(`${command} refuses the request: ${said}`)
  return said
}
