/**
 * `node dist/tools/step-ca-rig.js STEP-CA [STEP]`: a real step-ca issues over ACME to YubiKey doubles of two firmware generations, and refuses
 * what it must. Prints a line per claim; exit code 1 if one does not hold.
 */
import { createPrivateKey, generateKeyPairSync, X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { stringify } from 'yaml'
import type { DeviceKey } from '../../devices/device.ts'
import { readAccountKey } from '../../src/acme/account-key.ts'
import { createAcmeAuthority } from '../../src/acme/acme-authority.ts'
import { attestationChain } from '../../src/acme/attestation-object.ts'
import { parseNameText } from '../../src/asn1/name.ts'
import { writePem } from '../../src/asn1/pem.ts'
import { loadConfiguration } from '../../src/config/configuration.ts'
import { buildCertificationRequest } from '../../src/csr/build-certification-request.ts'
import { enroll } from '../../src/enrollment/enroll.ts'
import { createRealServices } from '../../src/enrollment/real-services.ts'
import { runProgram as runOther } from '../../src/sandbox/yubikey/card/run-program.ts'
import { startDouble } from '../../src/sandbox/yubikey/double.ts'
import { createYubikeyEvidenceIssuer, type YubikeyEvidenceIssuer } from '../../src/sandbox/yubikey/evidence/issuer.ts'
import type { AttestedOrder, OrderOutcome } from '../../src/sectigo/certificate-authority.ts'
import { readCaFile } from '../../src/sectigo/http/root-certificates.ts'
import { runProgram } from '../enrollment/built-program.ts'
import { attestedKey, attestingDevice } from './attesting-device.ts'
import { type RunningStepCa, startStepCa } from './step-ca.ts'

const stepCa = process.argv[2] ?? fail('usage: node dist/tools/step-ca-rig.js STEP-CA [STEP]')
const step = process.argv[3]
/** Where `step` finds its plugin. */
const PLUGINS = resolve('test/interop/step-ca')

const folder = await mkdtemp(join(tmpdir(), 'step-ca-'))
const root = createYubikeyEvidenceIssuer({ serial: 1, firmware: '5.4.3', formFactor: 3 }).root
const DEVICES = {
  '5.4.3': createYubikeyEvidenceIssuer({ serial: 15_732_511, firmware: '5.4.3', formFactor: 3 }, { root }),
  '5.7.4': createYubikeyEvidenceIssuer(
    { serial: 32_100_742, firmware: '5.7.4', formFactor: 3, hierarchy: 'intermediate' },
    { root },
  ),
} as const
const STRANGER = createYubikeyEvidenceIssuer({ serial: 15_732_511, firmware: '5.4.3', formFactor: 3 })

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const accountPem = createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' })).export({
  type: 'pkcs8',
  format: 'pem',
})
let failed = 0
function claim(holds: boolean, what: string, seen: unknown): void {
  console.log(`${holds ? 'ok' : 'FAILED'}\t${what}${holds ? '' : `\n\t${JSON.stringify(seen)}`}`)
  if (!holds) failed++
}

/** A whole enrolment by the run's own engine; the device alone is in this process. */
async function enrolOn(ca: RunningStepCa, firmware: keyof typeof DEVICES, algorithm: string, subject: string) {
  const issuer = DEVICES[firmware]
  const name = `${firmware}-${algorithm}-${subject.length}`
  const file = (suffix: string): string => join(folder, `${name}.${suffix}`)
  await writeFile(file('account.key'), accountPem, { mode: 0o600 })
  await writeFile(file('anchors.json'), JSON.stringify({ trustAnchors: issuer.trustAnchors }))
  await writeFile(file('intermediates.pem'), issuer.intermediates.map((der) => writePem('CERTIFICATE', der)).join(''))
  const profile = {
    ...{ stateDirectory: join(folder, `${name}.state`), trustAnchors: [file('anchors.json')], ca: 'acme' },
    acme: {
      ...{ directory: ca.directory, accountKey: `file:${file('account.key')}`, caFile: ca.caFile },
      ...(issuer.intermediates.length === 0 ? {} : { intermediates: [file('intermediates.pem')] }),
      contact: ['mailto:pki@example.com'],
    },
    device: {
      uri: `yubikey:serial=${issuer.personality.serial};slot=9c`,
      secrets: { pin: 'env:PIN', 'management-key': 'env:MANAGEMENT_KEY' },
    },
    ...{ key: { algorithm }, request: { subject }, policy: { fips: 'off' } },
  }
  await writeFile(file('yaml'), stringify(profile))
  const env = { PIN: '123456', MANAGEMENT_KEY: '0102030405060708'.repeat(3) }
  const configuration = await loadConfiguration({ profile: file('yaml'), env, cwd: folder })
  const told: string[] = []
  const device = attestingDevice(issuer)
  const services = createRealServices({
    stateDirectory: configuration.required('stateDirectory'),
    reading: { env },
    observer: { step: ({ detail }) => told.push(detail) },
  })
  const enrolled = await enroll(
    { configuration, wait: true, confirm: async () => true },
    { ...services, openDevice: async () => device },
  )
  return { ...enrolled, told }
}

/** The same card and key through smallstep's own client, which asks a plugin for signatures and the attestation. */
async function issueByStep(
  command: string,
  ours: RunningStepCa,
  card: {
    readonly serial: number
    readonly directory: string
    readonly environment: Readonly<Record<string, string>>
  },
): Promise<void> {
  const stranger = createYubikeyEvidenceIssuer({ serial: 1, firmware: '5.4.3', formFactor: 3 }).trustAnchors
  const other = await startStepCa(stepCa, join(folder, 'ca-of-others'), stranger)
  const certificate = join(card.directory, 'by-step.pem')
  const ask = (ca: RunningStepCa, subject: string): ReturnType<typeof runOther> =>
    runOther(
      command,
      [
        ...['ca', 'certificate', subject, certificate, '--force', '--provisioner', 'devices'],
        ...['--attestation-uri', 'yubikey:slot-id=9a'],
        ...['--ca-url', new URL(ca.directory).origin, '--root', ca.caFile],
      ],
      {
        env: {
          ...card.environment,
          PATH: `${PLUGINS}:${process.env.PATH}`,
          HOME: card.directory,
          PLUGIN_PIN: '123456',
        },
      },
    )
  try {
    const end = await ask(ours, String(card.serial))
    const subject = end.code === 0 ? new X509Certificate(await readFile(certificate)).subject : undefined
    claim(
      subject === `CN=${card.serial}`,
      'issues to `step` with the card double, key and attestation of the same run',
      end,
    )
    const wrong = await ask(ours, '15732500')
    claim(
      wrong.code !== 0 && /identifier|attestation/i.test(wrong.stderr),
      'refuses `step` with a wrong serial number',
      wrong,
    )
    const root = await ask(other, String(card.serial))
    claim(
      root.code !== 0 && /x5c|attestation/i.test(root.stderr),
      'refuses `step` where the attestation roots are others',
      root,
    )
  } finally {
    await other.close()
  }
}

/** The built program, as a user has it: the card double behind a pcscd of its own, read by the libykcs11 of this system. */
async function enrolByProgram(): Promise<void> {
  const serial = 15_732_512
  const directory = await mkdtemp(join(tmpdir(), 'yk-'))
  const double = await startDouble({ directory, card: { serial } })
  const [anchor] = double.trustAnchors
  const theirs = await startStepCa(stepCa, join(folder, 'ca-of-card'), anchor === undefined ? [] : [anchor])
  try {
    const secret = async (name: 'pin' | 'management-key'): Promise<string> => {
      await writeFile(join(directory, name), double.secrets[name] ?? '', { mode: 0o600 })
      return `file:${join(directory, name)}`
    }
    await writeFile(join(directory, 'account.key'), accountPem, { mode: 0o600 })
    await writeFile(join(directory, 'anchors.json'), JSON.stringify({ trustAnchors: double.trustAnchors }))
    const profile = {
      ...{ stateDirectory: join(directory, 'state'), trustAnchors: ['anchors.json'], ca: 'acme' },
      acme: {
        directory: theirs.directory,
        accountKey: `file:${join(directory, 'account.key')}`,
        caFile: theirs.caFile,
      },
      device: {
        uri: `yubikey:serial=${serial};slot=9c`,
        secrets: { pin: await secret('pin'), 'management-key': await secret('management-key') },
      },
      ...{ key: { algorithm: 'P-256' }, request: { subject: `CN=${serial}` }, policy: { fips: 'off' } },
    }
    const file = join(directory, 'profile.yaml')
    await writeFile(file, stringify(profile))
    const env = { ...(double.environment ?? {}), HSM_ENROLL_TEST_DEVICE_LOCKS: directory }
    const doctor = await runProgram(['doctor', file, '--json'], { env })
    claim(
      doctor.code === 0 && doctor.stdout.includes('accepts the account'),
      'doctor reaches step-ca and opens the card',
      doctor,
    )
    const end = await runProgram(['enroll', file, '--yes', '--wait', '--json'], { env })
    const { state, certificateRemark } = JSON.parse(end.stdout)
    claim(
      end.code === 0 && state === 'installed' && certificateRemark === undefined,
      'the built program enrols on a card of firmware 5.4.3 behind pcscd and libykcs11, and installs the certificate',
      end,
    )
    if (step === undefined) return
    await writeFile(
      file,
      stringify({ ...profile, device: { ...profile.device, uri: `yubikey:serial=${serial};slot=9a` } }),
    )
    const attested = await runProgram(['attest', file, '--json'], { env })
    claim(attested.code === 0, 'the built program generates and attests a second key', attested)
    await issueByStep(step, theirs, { serial, directory, environment: env })
  } finally {
    await theirs.close()
    await double.close()
    await rm(directory, { recursive: true })
  }
}

/** The client's part alone, with something wrong in what it is given. */
async function place(
  ca: RunningStepCa,
  issuer: YubikeyEvidenceIssuer,
  change: (order: AttestedOrder, key: DeviceKey) => Promise<Partial<AttestedOrder>>,
  type: 'P-256' | 'P-384' = 'P-256',
): Promise<{
  readonly outcome: OrderOutcome | { readonly kind: 'thrown'; readonly code: string }
  readonly sent: readonly string[]
}> {
  const sent: string[] = []
  const authority = createAcmeAuthority({
    ...{ directory: ca.directory, accountKey: async () => readAccountKey(Buffer.from(accountPem)) },
    ...{ contact: [], termsAgreed: false, now: Date.now, caCertificates: readCaFile(ca.caFile) },
    sleep: (milliseconds) => new Promise((done) => setTimeout(done, milliseconds)),
    trace: (line) => sent.push(line),
  })
  const key = attestedKey(issuer, type)
  const serial = String(issuer.personality.serial)
  const { package: package_ } = await key.attest()
  const order: AttestedOrder = {
    ...{ serial, signer: key, x5c: attestationChain(package_, issuer.intermediates), note: async () => undefined },
    csr: (await buildCertificationRequest({ subject: parseNameText(`CN=${serial}`) }, key)).der,
  }
  try {
    const outcome = await authority.attestedOrders.place({ ...order, ...(await change(order, key)) })
    return { outcome, sent }
  } catch (error) {
    return { outcome: { kind: 'thrown', code: (error as { code: string }).code }, sent }
  }
}

const refusedWith = (outcome: { kind: string; refusal?: { message: string } }, words: RegExp): boolean =>
  outcome.kind === 'rejected' && words.test(outcome.refusal?.message ?? '')

const ca = await startStepCa(stepCa, join(folder, 'ca'), [DEVICES['5.4.3'].trustAnchors[0] ?? fail('no anchor')])
try {
  for (const firmware of ['5.4.3', '5.7.4'] as const) {
    const serial = DEVICES[firmware].personality.serial
    for (const algorithm of ['P-256', 'RSA-2048']) {
      const { record, told, folder: run } = await enrolOn(ca, firmware, algorithm, `CN=${serial},O=Example GmbH,C=NL`)
      const pem = record.fullchain === undefined ? '' : await readFile(join(run, record.fullchain.file), 'utf8')
      const leaf = pem === '' ? undefined : new X509Certificate(pem)
      claim(
        record.state === 'installed' && leaf?.subject === `CN=${serial}` && leaf.issuer === 'CN=rig issuing CA',
        `enrols a ${algorithm} key of firmware ${firmware}; the certificate is by step-ca`,
        { state: record.state, subject: leaf?.subject, told, log: ca.log.slice(-4) },
      )
      claim(
        record.certificateRemark?.includes(`CN=${serial},O=Example GmbH,C=NL`) === true,
        `says that O and C were left out of it (${algorithm}, ${firmware})`,
        record.certificateRemark,
      )
    }
  }
  const nameless = await enrolOn(ca, '5.7.4', 'P-256', 'O=Example GmbH,C=NL')
  claim(
    /subject is empty/.test(nameless.record.certificateRemark ?? ''),
    'says that the subject is empty where the request has no CN',
    nameless,
  )

  const good = DEVICES['5.7.4']
  const wrongSerial = await place(ca, good, async () => ({ serial: '15732511' }))
  claim(
    refusedWith(wrongSerial.outcome, /permanent identifier|does ?n.t match/),
    'refuses a wrong serial number',
    wrongSerial,
  )
  const otherKey = await place(ca, good, async ({ serial }) => {
    const other = attestedKey(good, 'P-256')
    return { csr: (await buildCertificationRequest({ subject: parseNameText(`CN=${serial}`) }, other)).der }
  })
  claim(
    refusedWith(otherKey.outcome, /^unauthorized: /) && otherKey.sent.at(-4)?.endsWith('/finalize') === true,
    'refuses a request of another key',
    otherKey,
  )
  const otherSigner = await place(ca, good, async (order) => ({
    signer: { ...order.signer, sign: attestedKey(good, 'P-256').sign },
  }))
  claim(
    refusedWith(otherSigner.outcome, /failed to validate signature/),
    'refuses a signature of another key',
    otherSigner,
  )
  const otherRoot = await place(ca, STRANGER, async () => ({}))
  claim(refusedWith(otherRoot.outcome, /x5c is not valid/), 'refuses an attestation under another root', otherRoot)
  const bare = await place(ca, good, async (order) => ({ x5c: order.x5c.slice(0, 2) }))
  claim(refusedWith(bare.outcome, /x5c is not valid/), 'refuses firmware 5.7.4 without its intermediate', bare)
  const curve = await place(ca, good, async () => ({}), 'P-384')
  claim(
    curve.outcome.kind === 'thrown' && curve.outcome.code === 'acme.key-type' && curve.sent.length === 0,
    'is sent nothing for a P-384 key, which it gives no answer to',
    curve,
  )
} finally {
  await ca.close()
}
try {
  await enrolByProgram()
} finally {
  await rm(folder, { recursive: true })
}
console.log(failed === 0 ? 'step-ca: every claim holds' : `step-ca: ${failed} claims do not hold`)
process.exitCode = failed === 0 ? 0 : 1

function fail(why: string): never {
  throw new Error(why)
}
