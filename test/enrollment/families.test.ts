import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseDeviceUri } from '../../devices/device.ts'
import { readPem } from '../../src/asn1/pem.ts'
import type { AttestationResult } from '../../src/attestation/contract/attestation-result.ts'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { readByStranger, STRANGERS } from '../requests/strangers.ts'
import { runProgram } from './built-program.ts'
import { runInside } from './run-inside.ts'

const EXTENSIONS = {
  keyUsage: ['digitalSignature', 'nonRepudiation'],
  subjectAltNames: ['email:signer@example.com'],
} as const

/** The whole program on each family's double. What the doubles are worth is shown beside them; here it is the path that counts. */
const ENROLMENTS = [
  ['luna', 'P-384', {}],
  ['luna', 'RSA-3072', EXTENSIONS],
  ['nshield', 'P-256', EXTENSIONS],
  ['nshield', 'RSA-3072', {}],
  ['fortanix', 'P-384', EXTENSIONS],
  ['marvell-google', 'RSA-3072', {}],
] as const

interface Kept {
  readonly id: string
  readonly keyLocation: string
  readonly folder: string
  readonly state: string
  readonly keyLabel: string
  readonly certChains?: { readonly file: string }
  readonly attestation: { readonly file: string }
}

describe('an enrolment through the built program', () => {
  it.each(ENROLMENTS)(
    'on %s with %s ends installed; check agrees, and refuses it under the built-in anchors',
    async (device, algorithm, request) => {
      const folder = await mkdtemp(join(tmpdir(), 'fam-'))
      const rehearsal = await startRehearsal({ directory: folder, device, algorithm, request })
      try {
        const end = await runProgram(['enroll', rehearsal.profile, '--yes', '--wait', '--json'], {
          // The doubles' serial numbers are the same in every test: each has its own folder of locks.
          env: { ...rehearsal.environment, HSM_ENROLL_TEST_DEVICE_LOCKS: folder, HSM_ENROLL_INSTALL_CHAIN: 'true' },
        })
        expect(end.code, end.stderr).toBe(0)
        const run = JSON.parse(end.stdout) as Kept
        expect(run.state).toBe('installed')
        const signed = await runProgram(
          ['sign-check', run.id, '--json', '--state-directory', rehearsal.stateDirectory],
          {
            env: { ...rehearsal.environment, HSM_ENROLL_TEST_DEVICE_LOCKS: folder },
          },
        )
        expect(JSON.parse(signed.stdout)).toMatchObject({ verified: true, key: run.keyLocation })
        const made = await readFile(join(run.folder, 'request.csr.pem'), 'utf8')
        for (const stranger of STRANGERS) {
          const said = readByStranger(stranger, made)
          if ('keyUsage' in request) expect(said).toMatch(/Digital signature[\s\S]*signer@example\.com/i)
        }
        const files = [
          '--attestation',
          join(run.folder, run.attestation.file),
          '--csr',
          join(run.folder, 'request.csr.pem'),
        ]
        const chains = run.certChains === undefined ? [] : ['--cert-chains', join(run.folder, run.certChains.file)]
        const own = await runInside([
          'check',
          ...files,
          ...chains,
          '--fips',
          'warn',
          '--trust-anchors',
          join(folder, 'trust-anchors.json'),
          '--json',
        ])
        expect(own.code, own.stdout).toBe(0)
        const builtIn = await runInside(['check', ...files, ...chains, '--json'])
        expect(JSON.parse(builtIn.stdout)).toMatchObject({ genuine: false, acceptable: false })
        if (device === 'marvell-google') {
          const checked: AttestationResult = JSON.parse(await readFile(join(run.folder, 'check.json'), 'utf8'))
          const version = checked.checks.find(({ id }) => id === 'attestation.version-name')
          expect(version).toMatchObject({ status: 'pass', detail: expect.stringContaining('cryptoKeyVersions/1') })
        }
        if (device === 'luna' || device === 'nshield') await seenByOthers(run, rehearsal)
      } finally {
        await rehearsal.close()
        await rm(folder, { recursive: true })
      }
    },
  )
})

/** OpenSC and GnuTLS read the same token through the same module. */
async function seenByOthers(run: Kept, { double, environment }: Rehearsal): Promise<void> {
  const module = String(double.settings.module)
  const token = parseDeviceUri(double.uri).attributes.get('token') ?? ''
  const env = { ...process.env, ...environment }
  const certificate = join(run.folder, 'read-back.der')
  const login = ['--token-label', token, '--login', '--pin', double.secrets.pin ?? '']
  const read = ['--read-object', '--type', 'cert', '--label', run.keyLabel, '-o', certificate]
  execFileSync('pkcs11-tool', ['--module', module, ...login, ...read], { env, stdio: 'ignore' })
  const [kept] = readPem(await readFile(join(run.folder, 'certificate.pem'), 'utf8'))
  expect(Buffer.compare(await readFile(certificate), kept?.der ?? Buffer.alloc(0))).toBe(0)
  const list = ['--provider', module, '--list-all-certs', `pkcs11:token=${encodeURIComponent(token)}`]
  const listed = execFileSync('p11tool', list, { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  expect(listed).toContain(run.keyLabel)
  // `install.chain`: the issuers stand beside it, each as the CA returned it.
  const issuers = readPem(await readFile(join(run.folder, 'chain.pem'), 'utf8'))
  expect(issuers.length).toBeGreaterThan(0)
  expect(listed.match(/Label: issuer [0-9a-f]{12} \(hsm-enroll\)$/gm)).toHaveLength(issuers.length)
}
