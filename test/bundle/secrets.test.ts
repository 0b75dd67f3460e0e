import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { readBundle } from '../../src/bundle/bundle-files.ts'
import { startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { runProgram } from '../enrollment/built-program.ts'
import { installed } from '../piv-card/installed.ts'

const ANSWERS = 'people:\n  leader: [Lena]\n  operator: [Olaf]\n  witness: [Anna]\n'
/** In the environment of the process, and in nothing that it asks for. */
const PLANTED = {
  PLANTED_TOKEN: 'planted-token-4f1d9c',
  http_proxy: 'http://proxy-user:planted-proxy-81c2@127.0.0.1:9',
}
const FAMILIES = [
  'yubihsm2',
  'luna',
  'nshield',
  'fortanix',
  'marvell-google',
  ...(installed('ykcs11') ? ['yubikey'] : []),
]

/** The number of the first order at the rehearsal CA has the digits of a YubiKey's first PIN. */
const ORDER = '123456789'

/** Forms in which a secret might have been written down. */
const formsOf = (secret: string): readonly string[] => {
  const bytes = Buffer.from(secret)
  return [
    secret,
    bytes.toString('hex'),
    bytes.toString('base64').replace(/=+$/, ''),
    bytes.toString('base64url'),
    encodeURIComponent(secret),
  ]
}

describe('a bundle with a ceremony', () => {
  it.each(FAMILIES)(
    'on %s holds no secret of the run: PIN, password, key, login, or what the environment has',
    async (device) => {
      const folder = await mkdtemp(join(tmpdir(), 'secrets-'))
      const rehearsal = await startRehearsal({
        directory: join(folder, 'r'),
        device,
        algorithm: 'P-256',
        authority: { account: { loginName: 'planted-login-93ab', loginPassword: 'planted-password-17ce' } },
      })
      try {
        // The CA's login from all the places where a secret may be.
        const profile = parse(await readFile(rehearsal.profile, 'utf8'))
        profile.sectigo.loginName = 'env:PLANTED_LOGIN'
        await writeFile(rehearsal.profile, stringify(profile))
        await writeFile(join(folder, 's.yaml'), (await runProgram(['ceremony', 'template', device])).stdout)
        await writeFile(join(folder, 'a.yaml'), ANSWERS)
        const bundle = join(folder, 'b.zip')
        const args = [join(folder, 's.yaml'), '--profile', rehearsal.profile, '--answers', join(folder, 'a.yaml')]
        const end = await runProgram(['ceremony', 'run', ...args, '--yes', '--wait', '--trace', '-o', bundle], {
          env: {
            ...rehearsal.environment,
            ...PLANTED,
            PLANTED_LOGIN: rehearsal.ca.login.loginName,
            no_proxy: '127.0.0.1,localhost',
            HSM_ENROLL_TEST_DEVICE_LOCKS: folder,
          },
        })
        expect(end.code, end.stderr + end.stdout).toBe(0)
        const { loginName, loginPassword } = rehearsal.ca.login
        const secrets = [
          ...Object.values(rehearsal.double.secrets),
          loginName,
          loginPassword,
          'planted-token-4f1d9c',
          'planted-proxy-81c2',
        ]
        const texts = readBundle(await readFile(bundle)).map(
          ({ name, content }) => [name, Buffer.from(content).toString('latin1').replaceAll(ORDER, '')] as const,
        )
        // A word of the language, or a number that is in every date, would be found by chance.
        const telling = secrets.filter((secret) => secret.length >= 6 && secret !== 'password')
        expect(telling.length).toBeGreaterThan(3)
        for (const secret of telling)
          for (const form of formsOf(secret))
            for (const [name, text] of texts) expect(text.includes(form), `${form} in ${name}`).toBe(false)
      } finally {
        await rehearsal.close()
        await rm(folder, { recursive: true })
      }
    },
  )
})
