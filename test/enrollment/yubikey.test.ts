import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readPem } from '../../src/asn1/pem.ts'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { missingForPcscd } from '../../src/sandbox/yubikey/card/pcscd.ts'
import { runProgram as runOther } from '../../src/sandbox/yubikey/card/run-program.ts'
import { startDouble, type YubikeyDouble } from '../../src/sandbox/yubikey/double.ts'
import { allHere } from '../not-run.ts'
import { readByStranger, STRANGERS } from '../requests/strangers.ts'
import { runProgram } from './built-program.ts'
import { runInside } from './run-inside.ts'

const SERIAL = 15_732_511
/** The whole program through Debian's pcscd and libykcs11; Yubico's own tools are the witnesses. */
describe.runIf(allHere(missingForPcscd()))('an enrolment on a YubiKey', () => {
  let folder: string
  let double: YubikeyDouble
  let rehearsal: Rehearsal
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'yk-'))
    double = await startDouble({ directory: folder, card: { serial: SERIAL } })
    rehearsal = await startRehearsal({
      directory: join(folder, 'r'),
      device: double,
      authority: { account: { credit: '100000.00' } },
    })
  })
  afterAll(async () => {
    await rehearsal.close()
    await rm(folder, { recursive: true })
  })

  const tool = async (command: string, ...args: string[]): Promise<string> => {
    const end = await runOther(command, args, { env: { ...double.environment } })
    expect(end.code, end.stderr).toBe(0)
    return end.stdout
  }
  const der = (pem: string): Uint8Array => readPem(pem)[0]?.der ?? new Uint8Array()

  const environment = () => ({ ...double.environment, HSM_ENROLL_TEST_DEVICE_LOCKS: folder })

  interface Installed {
    readonly id: string
    readonly folder: string
    readonly keyLocation: string
    readonly state: string
  }
  async function profileWith(name: string, old: RegExp, changed: string): Promise<string> {
    const file = join(folder, 'r', `profile-${name}.yaml`)
    await writeFile(file, (await readFile(rehearsal.profile, 'utf8')).replace(old, changed))
    return file
  }

  /** On a card as it leaves the factory: whatever a test did to it before is gone. */
  async function enrolled(algorithm: string, slot: string): Promise<Installed> {
    await double.control.factoryReset()
    const profile = await profileWith(`${algorithm}-${slot}`, /algorithm: .*/, `algorithm: ${algorithm}`)
    const device = `yubikey:serial=${SERIAL};slot=${slot}`
    const end = await runProgram(['enroll', profile, '--yes', '--wait', '--json', '--device', device], {
      env: environment(),
    })
    expect(end.code, end.stderr).toBe(0)
    const run = JSON.parse(end.stdout) as Installed
    expect(run).toMatchObject({ state: 'installed', keyLocation: slot })
    return run
  }

  async function isSeenByYubicosTools(run: Installed, slot: string, theirName: string): Promise<void> {
    const signed = await runProgram(['sign-check', run.id, '--json', '--state-directory', rehearsal.stateDirectory], {
      env: environment(),
    })
    expect(JSON.parse(signed.stdout)).toMatchObject({ key: slot, certificateFrom: 'device', verified: true })
    const kept = async (name: string): Promise<string> => readFile(join(run.folder, name), 'utf8')
    const request = await kept('request.csr.pem')
    for (const stranger of STRANGERS) expect(readByStranger(stranger, request)).toContain('Example Signing GmbH')

    const certificate = await tool('yubico-piv-tool', '-a', 'read-certificate', '-s', slot)
    expect(der(certificate)).toEqual(der(await kept('certificate.pem')))

    const attestation = await tool('yubico-piv-tool', '-a', 'attest', '-s', slot)
    const f9 = await tool('yubico-piv-tool', '-a', 'read-certificate', '-s', 'f9')
    const theirs = join(folder, `attestation-${slot}.pem`)
    await writeFile(theirs, attestation + f9)
    const check = await runInside([
      ...['check', '--attestation', theirs, '--csr', join(run.folder, 'request.csr.pem'), '--fips', 'warn', '--json'],
      ...['--trust-anchors', join(folder, 'r', 'trust-anchors.json')],
    ])
    expect(check.code, check.stdout).toBe(0)
    expect(JSON.parse(check.stdout)).toMatchObject({
      acceptable: true,
      device: { serial: String(SERIAL) },
    })
    expect(await tool('ykman', '--device', String(SERIAL), 'piv', 'info')).toMatch(
      new RegExp(`Slot ${slot}[^:]*:\\s+(Algorithm|Private key type):\\s+${theirName}`, 'i'),
    )
    expect(await tool('yubico-piv-tool', '-a', 'status')).toContain(theirName)
  }

  it.each([
    ['P-256', '9a', 'ECCP256'],
    ['P-384', '9a', 'ECCP384'],
    ['RSA-2048', '9a', 'RSA2048'],
    ['P-256', '9c', 'ECCP256'],
    ['RSA-2048', '9c', 'RSA2048'],
    ['P-256', '82', 'ECCP256'],
  ])(
    'of %s in slot %s ends with the certificate in the slot, as yubico-piv-tool and ykman see it',
    async (algorithm, slot, theirName) => {
      await isSeenByYubicosTools(await enrolled(algorithm, slot), slot, theirName)
    },
  )

  describe('of P-384 in slot 9c', () => {
    let run: Installed
    beforeAll(async () => {
      run = await enrolled('P-384', '9c')
    })

    it('ends with the certificate in the slot, as yubico-piv-tool and ykman see it', async () => {
      await isSeenByYubicosTools(run, '9c', 'ECCP384')
      const exported = await tool('ykman', '--device', String(SERIAL), 'piv', 'certificates', 'export', '9c', '-')
      expect(der(exported)).toEqual(der(await readFile(join(run.folder, 'certificate.pem'), 'utf8')))
    })

    it('refuses the slot that now holds a key, and leaves what is there', async () => {
      const before = await tool('yubico-piv-tool', '-a', 'read-certificate', '-s', '9c')
      const device = `yubikey:serial=${SERIAL};slot=9c`
      const end = await runProgram(['enroll', rehearsal.profile, '--new', '--yes', '--device', device], {
        env: environment(),
      })
      expect(end.code).toBe(3)
      expect(end.stderr).toContain('key.exists')
      expect(await tool('yubico-piv-tool', '-a', 'read-certificate', '-s', '9c')).toBe(before)
    })

    it('doctor says of the slot what enroll refuses, and of a key to be replaced what is lost', async () => {
      const device = ['--device', `yubikey:serial=${SERIAL};slot=9c`]
      const doctor = async (...args: string[]) => {
        const end = await runProgram(['doctor', rehearsal.profile, '--json', ...device, ...args], {
          env: environment(),
        })
        return {
          end,
          found: (JSON.parse(end.stdout) as { findings: { severity: string; code?: string; message: string }[] })
            .findings,
        }
      }
      const taken = await doctor()
      expect(taken.end.code, taken.end.stderr).toBe(1)
      expect(taken.found).toContainEqual(
        expect.objectContaining({
          severity: 'blocker',
          code: 'key.exists',
          message: expect.stringContaining('slot 9c'),
        }),
      )
      const replaced = await doctor('--replace-key', '9c')
      expect(replaced.found.map(({ code }) => code)).not.toContain('key.exists')
      expect(replaced.found).toContainEqual(
        expect.objectContaining({
          code: expect.stringMatching(/^key\.(held|replaced)$/),
          message: expect.stringContaining('9c'),
        }),
      )
      const other = await doctor('--replace-key', '9a')
      expect(other.found).toContainEqual(expect.objectContaining({ severity: 'blocker', code: 'key.exists' }))
      // What other families need is none of its business.
      expect(taken.end.stdout).not.toMatch(/luna|nshield|fortanix|yubihsm/i)
    })
  })

  it('without policy.fips does not begin: an empty device does not show it, and one with a key shows that it is not certified', async () => {
    await double.control.factoryReset()
    const profile = await profileWith('fips', /^ {2}fips: warn\n/m, '')
    const device = `yubikey:serial=${SERIAL};slot=9c`
    const refused = async (command: readonly string[], code: number, says: string) => {
      const end = await runProgram([...command, '--device', device], { env: environment() })
      expect(end.code, end.stderr).toBe(code)
      expect(end.stdout + end.stderr).toContain(says)
    }
    await refused(['doctor', profile], 1, 'policy.fips is not set, and whether')
    await refused(['enroll', profile, '--new', '--yes'], 3, 'policy.fips is not set, and whether')
    expect(await tool('ykman', '--device', String(SERIAL), 'piv', 'info')).not.toMatch(/Slot 9c/i)
    await tool('yubico-piv-tool', '-a', 'generate', '-s', '9a', '-A', 'ECCP256')
    await refused(['doctor', profile], 1, 'not of a FIPS-certified series')
  })

  it('with a wrong PIN costs one try and says how many are left', async () => {
    await double.control.factoryReset()
    const tries = (): Promise<string> => tool('ykman', '--device', String(SERIAL), 'piv', 'info')
    expect(await tries()).toMatch(/PIN tries remaining:\s+3/)
    const profile = await profileWith('wrong-pin', /secret-pin/, 'wrong-pin')
    await writeFile(join(folder, 'r', 'wrong-pin'), '999999')
    // Of its own: the ledger and the note beside the lock remember a wrong PIN, and no test that shares them could send another.
    const own = await mkdtemp(join(folder, 'own-'))
    const device = `yubikey:serial=${SERIAL};slot=9e`
    const end = await runProgram(['enroll', profile, '--new', '--yes', '--device', device, '--state-directory', own], {
      env: { ...environment(), HSM_ENROLL_TEST_DEVICE_LOCKS: own },
    })
    expect(end.code, end.stderr).toBe(3)
    expect(end.stderr).toMatch(/PIN/)
    expect(end.stderr).toMatch(/2/)
    expect(end.stderr).not.toContain('999999')
    expect(await tries()).toMatch(/PIN tries remaining:\s+2/)
  })
})
