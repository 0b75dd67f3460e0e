/**
 * `node dist/tools/pebble-rig.js PEBBLE`: pebble, the ACME server that Let's Encrypt tests clients with, wants every account to be bound to
 * one that it has, and turns away one nonce in twenty. Prints a line per claim; exit code 1 if one does not hold.
 */
import { spawn } from 'node:child_process'
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Secret } from '../../devices/device.ts'
import { readAccountKey } from '../../src/acme/account-key.ts'
import { type AcmeOptions, createAcmeAuthority } from '../../src/acme/acme-authority.ts'
import { loopbackTlsIdentity } from '../../src/sandbox/certificate-authority/tls-identity.ts'
import { freePort } from '../free-port.ts'

const [program] = process.argv.slice(2)
if (program === undefined) throw new Error('usage: node dist/tools/pebble-rig.js PEBBLE')
const folder = await mkdtemp(join(tmpdir(), 'pebble-'))
const identity = loopbackTlsIdentity()
const macKey = randomBytes(48).toString('base64url')
const port = await freePort()
await writeFile(join(folder, 'key.pem'), identity.key, { mode: 0o600 })
await writeFile(join(folder, 'cert.pem'), identity.certificate)
const configuration = {
  ...{ listenAddress: `127.0.0.1:${port}`, managementListenAddress: '', httpPort: 5002, tlsPort: 5001 },
  ...{ certificate: join(folder, 'cert.pem'), privateKey: join(folder, 'key.pem') },
  ...{ externalAccountBindingRequired: true, externalAccountMACKeys: { 'kid-1': macKey } },
}
await writeFile(join(folder, 'pebble.json'), JSON.stringify({ pebble: configuration }))
const child = spawn(program, ['-config', join(folder, 'pebble.json')], { stdio: ['ignore', 'pipe', 'pipe'] })
const log: string[] = []
await new Promise<void>((resolve, reject) => {
  createInterface(child.stderr).on('line', (line) => log.push(line))
  createInterface(child.stdout).on('line', (line) => {
    log.push(line)
    if (line.includes('ACME directory available at')) resolve()
  })
  child.once('exit', () => reject(new Error(`pebble did not start:\n${log.join('\n')}`)))
})

const pemOfNewKey = (): Buffer =>
  Buffer.from(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }))

/** A client of its own, as every process has one. How it ends, and how many requests it signed. */
async function reach(account: Buffer, keyId?: string, key = macKey) {
  let signed = 0
  const options: AcmeOptions = {
    ...{ directory: `https://127.0.0.1:${port}/dir`, accountKey: async () => readAccountKey(account) },
    ...{ contact: ['mailto:pki@example.com'], termsAgreed: true, caCertificates: identity.caCertificatePem },
    ...{ now: Date.now, sleep: (milliseconds) => new Promise((done) => setTimeout(done, milliseconds)) },
    trace: (line) => {
      if (line.startsWith('POST')) signed++
    },
    ...(keyId === undefined ? {} : { externalAccount: { keyId, key: async () => Secret.fromText(key) } }),
  }
  const end = await createAcmeAuthority(options)
    .attestedOrders.reach()
    .catch((error: { readonly code: string; readonly message: string }) => `${error.code}: ${error.message}`)
  return { end, signed }
}

let failed = 0
function claim(holds: boolean, what: string, seen: unknown): void {
  console.log(`${holds ? 'ok' : 'FAILED'}\t${what}${holds ? '' : `\n\t${JSON.stringify(seen)}`}`)
  if (!holds) failed++
}
try {
  const account = pemOfNewKey()
  const without = await reach(account)
  claim(
    /^acme\.account: .*bound/.test(without.end) && without.signed === 0,
    'is sent nothing without a binding',
    without,
  )
  const wrongKey = await reach(account, 'kid-1', randomBytes(48).toString('base64url'))
  claim(/^acme\.account: /.test(wrongKey.end), 'refuses a binding with another MAC key', wrongKey)
  const stranger = await reach(account, 'kid-2')
  claim(/^acme\.account: /.test(stranger.end), 'refuses an identifier that it does not know', stranger)
  const bound = await reach(account, 'kid-1')
  claim(bound.end.startsWith('https://'), 'takes an account that is bound to one of its own', bound)
  const again = await reach(account, 'kid-1')
  claim(again.end.startsWith('https://'), 'finds the account again with the same request', again)
  const accounts = await Promise.all(Array.from({ length: 60 }, () => reach(pemOfNewKey(), 'kid-1')))
  const turnedAway = accounts.filter(({ signed }) => signed > 1).length
  claim(
    accounts.every(({ end }) => end.startsWith('https://')),
    `takes 60 more; ${turnedAway} of them after a nonce that it turned away`,
    accounts.filter(({ end }) => !end.startsWith('https://')),
  )
} finally {
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  await ended
  await rm(folder, { recursive: true })
}
console.log(failed === 0 ? 'pebble: every claim holds' : `pebble: ${failed} claims do not hold`)
process.exitCode = failed === 0 ? 0 : 1
