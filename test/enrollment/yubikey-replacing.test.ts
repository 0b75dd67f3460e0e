import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { missingForPcscd } from '../../src/sandbox/yubikey/card/pcscd.ts'
import { runProgram as runOther } from '../../src/sandbox/yubikey/card/run-program.ts'
import { startDouble, type YubikeyDouble } from '../../src/sandbox/yubikey/double.ts'
import { allHere } from '../not-run.ts'
import { type ProgramEnd, runProgram } from './built-program.ts'

/** A slot holds one key: what is generated there costs what was there. */
describe.runIf(allHere(missingForPcscd()))('a slot of a YubiKey', () => {
  let folder: string
  let double: YubikeyDouble
  let rehearsal: Rehearsal
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ykr-'))
  })
  afterEach(async () => {
    await rehearsal.close()
    await rm(folder, { recursive: true })
  })

  async function rehearse(personality: 'yubikey-4.3.5' | 'yubikey-5.4.3', days?: number): Promise<void> {
    double = await startDouble({ directory: folder, card: { personality } })
    const flow = days === undefined ? undefined : [{ after: days * 86_400_000, action: 'issue' as const }]
    const authority = { account: { credit: '100000.00' }, flow }
    rehearsal = await startRehearsal({ directory: join(folder, 'r'), device: double, algorithm: 'P-256', authority })
  }

  const program = (...args: string[]): Promise<ProgramEnd> =>
    runProgram(args, { env: { ...double.environment, HSM_ENROLL_TEST_DEVICE_LOCKS: folder } })
  const enroll = (...more: string[]): Promise<ProgramEnd> =>
    program('enroll', rehearsal.profile, '--yes', '--json', ...more)
  const state = (name: string): readonly string[] => ['--state-directory', join(folder, name)]
  const shown = (end: ProgramEnd): { id: string; folder: string; state: string; orderNumber?: string } =>
    JSON.parse(end.stdout)
  const tool = async (...args: string[]): Promise<void> => {
    const end = await runOther('yubico-piv-tool', args, { env: { ...double.environment } })
    expect(end.code, end.stderr).toBe(0)
  }
  /** What the card has in the slot, and the public key that it attests, unless it was imported. */
  const inSlot = async (): Promise<string> => {
    const held = (await double.control.snapshot()).keys.filter(({ slot }) => slot === 0x9c)
    const { stdout, code } = await runOther('yubico-piv-tool', ['-a', 'attest', '-s', '9c'], {
      env: { ...double.environment },
    })
    const attested = code === 0 ? new X509Certificate(stdout).publicKey.export({ format: 'pem', type: 'spki' }) : 'none'
    return `${JSON.stringify(held)} ${attested}`
  }
  const openssl = (...args: string[]): Buffer =>
    execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })

  it('with the key of a paid order is refused, in a rehearsal too, until that run is named', async () => {
    await rehearse('yubikey-5.4.3', 100)
    const paid = shown(await enroll())
    expect(paid.state).toBe('ordered')
    const before = await inSlot()
    const looked = await program('doctor', rehearsal.profile)
    expect(looked.stdout).toContain(`It belongs to the run ${paid.id}, and it has the order ${paid.orderNumber}`)
    const taken = await enroll('--new')
    expect([taken.code, taken.stderr]).toEqual([3, expect.stringContaining(`It belongs to the run ${paid.id}`)])
    for (const { stdout, stderr } of [looked, taken]) expect(stdout + stderr).not.toContain('--replace-key')
    for (const more of [
      ['--new', '--replace-key', '9c'],
      ['--test', '--replace-key', '9c'],
      ['--test', '--replace-key', '9c', '--abandon', paid.id],
    ]) {
      const refused = await enroll(...more)
      expect(refused.code, refused.stderr).toBe(1)
      expect(refused.stderr).toContain(paid.id)
      expect(refused.stderr).toContain(paid.orderNumber)
    }
    expect(await inSlot()).toBe(before)
    expect(rehearsal.ca.orders).toHaveLength(1)
    const end = await enroll('--new', '--replace-key', '9c', '--abandon', paid.id)
    expect(end.code, end.stderr).toBe(6)
    expect(await inSlot()).not.toBe(before)
  })

  it('keeps the certificate of the key that was replaced in the run folder', async () => {
    await rehearse('yubikey-5.4.3')
    const old = shown(await enroll('--wait'))
    const next = await enroll('--new', '--wait', '--replace-key', '9c', '--abandon', old.id)
    expect(next.code, next.stderr).toBe(0)
    expect(await readFile(join(shown(next).folder, 'replaced-certificate.pem'), 'utf8')).toBe(
      await readFile(join(old.folder, 'certificate.pem'), 'utf8'),
    )
  })

  it('with a certificate that the module cannot parse is not empty', async () => {
    await rehearse('yubikey-4.3.5')
    openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', 'k.pem')
    openssl('req', '-x509', '-new', '-key', 'k.pem', '-subj', '/CN=mine', '-outform', 'DER', '-out', 'c.der')
    execFileSync('gzip', ['c.der'], { cwd: folder })
    await tool('-a', 'import-key', '-s', '9c', '-i', join(folder, 'k.pem'))
    await tool('-a', 'import-certificate', '-s', '9c', '-K', 'GZIP', '-i', join(folder, 'c.der.gz'))
    const before = await inSlot()
    const refused = await enroll()
    expect(refused.code).toBe(3)
    expect(refused.stderr).toContain('holds a certificate that libykcs11 cannot read')
    expect(await inSlot()).toBe(before)
    const listed = await program('keys', 'list', rehearsal.profile)
    expect(listed.stdout).toContain('9c')
    const deleted = await program('keys', 'delete', '9c', rehearsal.profile, '--yes')
    expect([deleted.code, deleted.stderr]).toEqual([3, expect.stringContaining('libykcs11 deletes no keys')])
    expect(await inSlot()).toBe(before)
    const replaced = await enroll('--wait', '--replace-key', '9c')
    expect(replaced.code, replaced.stderr).toBe(0)
  })

  it('with an imported key on explicit parameters is refused, and free for who says so', async () => {
    await rehearse('yubikey-5.4.3')
    openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-param_enc', 'explicit', '-out', 'k.pem')
    await tool('-a', 'import-key', '-s', '9c', '-i', join(folder, 'k.pem'))
    const refused = await enroll()
    expect(refused.code).toBe(3)
    expect(refused.stderr).toContain('key.exists')
    const replaced = await enroll('--wait', '--replace-key', '9c')
    expect(replaced.code, replaced.stderr).toBe(0)
    expect(replaced.stderr).toMatch(/this replaces the key 9c \(SPKI SHA-256 [0-9a-f]{16}…\)/)
  })

  it.each([
    ['the card refuses to generate', { kind: 'status', statusWord: 0x6d00 }, ['--wait'], 'key.exists'],
    ['the card is gone', { kind: 'remove', when: 'before' }, ['--wait'], 'key.exists'],
    ['the card refuses, and the other waits for the CA', { kind: 'status', statusWord: 0x6d00 }, [], 'key.exists'],
  ] as const)(
    'is not taken for a run’s own when another run has put a key there since: %s',
    async (_what, fault, wait, code) => {
      await rehearse('yubikey-5.4.3', wait.length === 0 ? 100 : undefined)
      await double.control.addFault({ instruction: 0x47, effect: fault })
      const failed = await enroll('--wait', ...state('a'))
      expect(failed.code, failed.stderr).toBe(3)
      await double.control.clearFaults()
      await double.control.insert().catch(() => undefined)
      const [a] = (
        JSON.parse((await program('runs', 'list', '--json', ...state('a'))).stdout) as { runs: { id: string }[] }
      ).runs
      const other = await enroll(...wait, ...state('b'))
      expect([0, 6], other.stderr).toContain(other.code)
      const before = await inSlot()
      const resumed = await program('runs', 'resume', a?.id ?? '', '--yes', '--wait', ...state('a'))
      expect(resumed.code, resumed.stderr).toBe(3)
      expect(resumed.stderr).toContain(code)
      expect(await inSlot()).toBe(before)
      expect(rehearsal.ca.orders, 'nobody paid for the other’s key').toHaveLength(1)
    },
  )
})
