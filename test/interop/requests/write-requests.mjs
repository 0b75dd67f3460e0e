// Writes into a folder the requests that the built program has the double of every family sign: each algorithm that the family
// offers, with and without extensions, and with the attestation inside. As `<family>-<algorithm>-<form>.pem`, and the attestation of
// the last of the three beside it as `.package`.
//   node test/interop/requests/write-requests.mjs FOLDER
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { parse, stringify } from 'yaml'

const PROGRAM = resolve(import.meta.dirname, '../../../dist/cli/main.js')

const EVERY = ['RSA-2048', 'RSA-3072', 'RSA-4096', 'P-256', 'P-384']

/** What each double's device offers. Another answer of the device is an error: nothing may be passed over unsaid. */
const OFFERED = {
  yubikey: ['RSA-2048', 'P-256', 'P-384'],
  yubihsm2: EVERY,
  luna: EVERY,
  nshield: EVERY,
  fortanix: EVERY,
  'marvell-google': EVERY,
}

const FORMS = {
  plain: {},
  extensions: {
    keyUsage: ['digitalSignature', 'nonRepudiation'],
    subjectAltNames: ['email:signer@example.com', 'uri:https://example.com/'],
  },
  // No vendor has an OID for its statement: this one is from the arc for examples.
  attestation: { attestation: ['bundle'], attestationType: '1.3.6.1.4.1.99999.7', keyUsage: ['digitalSignature'] },
}

/** What else the request carries where the device is a YubiKey. */
const YUBICO = { attestation: ['bundle', 'yubico'] }

const environmentOf = (sandbox, folder) => ({
  ...process.env,
  ...sandbox.environment,
  XDG_RUNTIME_DIR: folder,
  NO_COLOR: '1',
})

/** Ends with the code and what was printed, whatever the code is. */
const program = (args, env) =>
  new Promise((done) => {
    execFile(process.execPath, [PROGRAM, ...args], { env }, (error, stdout, stderr) =>
      done({ code: error?.code ?? 0, stdout, stderr }),
    )
  })

async function startSandbox(family, folder) {
  const child = spawn(process.execPath, [PROGRAM, 'sandbox', '--device', family, '--directory', folder, '--json'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let complaint = ''
  child.stderr.on('data', (text) => {
    complaint += text
  })
  const ended = once(child, 'exit')
  const line = await Promise.race([once(createInterface(child.stdout), 'line'), ended])
  if (typeof line[0] !== 'string') throw new Error(`the sandbox of ${family} did not start: ${complaint}`)
  const stop = async () => {
    child.kill('SIGTERM')
    await ended
  }
  return { ...JSON.parse(line[0]), stop }
}

/** The requests of one family; returns how many. */
async function requestsOf(family, into) {
  const folder = await mkdtemp(join(tmpdir(), 'requests-'))
  const sandbox = await startSandbox(family, folder)
  const env = environmentOf(sandbox, folder)
  let written = 0
  let last
  try {
    const profile = parse(await readFile(sandbox.profile, 'utf8'))
    for (const algorithm of EVERY) {
      for (const [form, extensions] of Object.entries(FORMS)) {
        const file = join(folder, `${algorithm}-${form}.yaml`)
        const more = form === 'attestation' && family === 'yubikey' ? YUBICO : {}
        const request = { ...profile.request, ...extensions, ...more }
        await writeFile(file, stringify({ ...profile, key: { ...profile.key, algorithm }, request }))
        // A slot holds one key, and the run that generated it gives it up; the other families have room.
        const replace = family === 'yubikey' && last !== undefined ? ['--replace-key', '9c', '--abandon', last] : []
        const end = await program(['attest', file, '--json', '--no-input', ...replace], env)
        const result = JSON.parse(end.stdout)
        const offered = result.error?.code !== 'device.unsupported'
        if ((offered && end.code !== 0) || offered !== OFFERED[family].includes(algorithm)) {
          throw new Error(`${family}, ${algorithm}: exit ${end.code}\n${end.stderr}${end.stdout}`)
        }
        if (!offered) continue
        const name = join(into, `${family}-${algorithm}-${form}`)
        await copyFile(join(result.folder, 'request.csr.pem'), `${name}.pem`)
        if (form === 'attestation') await copyFile(join(result.folder, result.attestation.file), `${name}.package`)
        last = basename(result.folder)
        written++
      }
    }
  } finally {
    await sandbox.stop()
    await rm(folder, { recursive: true })
  }
  return written
}

const [into] = process.argv.slice(2)
if (into === undefined) throw new Error('usage: node write-requests.mjs FOLDER')
await mkdir(into, { recursive: true })
for (const family of Object.keys(OFFERED)) console.log(`${family}: ${await requestsOf(family, into)} requests`)
