// Enrols in three slots of the YubiKey double, has every program sign by what `signing-config` prints, and verifies with another one.
// Arguments: the built program, a folder in which the sandbox's first line is sandbox.json.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const [program = '', work = ''] = process.argv.slice(2)
const sandbox = JSON.parse(readFileSync(join(work, 'sandbox.json'), 'utf8'))
const environment = { ...process.env, ...sandbox.environment }
const state = join(work, 'sandbox/state')
const pin = readFileSync(join(work, 'sandbox/secret-pin'), 'utf8').trim()

const SLOTS = { '9a': 'P-384', '9c': 'P-384', '9d': 'RSA-2048' }

/** Debian 13 has it, Debian 12 does not. */
const PROVIDER = '/usr/lib/x86_64-linux-gnu/ossl-modules/pkcs11.so'

/** What each program does in each slot: `signs`, or the words that `signing-config` has for why not, or not always. */
const ONE_PER_LOGIN = 'asks for the PIN before every signature'
const NOW_AND_THEN = 'fails more often than not'
const EXPECTED = {
  pyhanko: { '9a': 'signs', '9c': 'signs', '9d': 'signs' },
  jsign: { '9a': 'signs', '9c': ONE_PER_LOGIN, '9d': 'signs' },
  jarsigner: { '9a': 'signs', '9c': 'signs', '9d': 'signs' },
  'openssl, engine': { '9a': 'signs', '9c': ONE_PER_LOGIN, '9d': 'signs' },
  ...(existsSync(PROVIDER) ? { 'openssl, provider': { '9a': 'signs', '9c': 'signs', '9d': 'signs' } } : {}),
  osslsigncode: { '9a': 'signs', '9c': ONE_PER_LOGIN, '9d': 'signs' },
  nss: { '9a': NOW_AND_THEN, '9c': NOW_AND_THEN, '9d': 'signs' },
}

function hsmEnroll(...args) {
  const end = spawnSync(process.execPath, [program, ...args, '--json'], { env: environment, encoding: 'utf8' })
  if (end.status !== 0) throw new Error(`hsm-enroll ${args.join(' ')}: ${end.stdout}${end.stderr}`)
  return JSON.parse(end.stdout)
}

/** Without a terminal. Only pyHanko, which has no file for the PIN, gets it on stdin. */
function shell(command, cwd, more = {}) {
  const end = spawnSync('setsid', ['--wait', 'bash', '-c', command], {
    cwd,
    env: { ...environment, ...more },
    input: command.startsWith('pyhanko ') ? `${pin}\n` : '',
    encoding: 'utf8',
    timeout: 120_000,
  })
  return { ok: end.status === 0, output: `${end.stdout}${end.stderr}` }
}

const PDF = `
from pyhanko.pdf_utils.generic import StreamObject
from pyhanko.pdf_utils.writer import PageObject, PdfFileWriter
w = PdfFileWriter()
w.insert_page(PageObject(contents=w.add_object(StreamObject(stream_data=b'')), media_box=(0, 0, 200, 200)))
w.write(open('IN.pdf', 'wb'))
`

function prepare(folder, run) {
  mkdirSync(folder)
  const made = spawnSync('python3', ['-c', PDF], { cwd: folder, env: environment, encoding: 'utf8' })
  if (made.status !== 0) throw new Error(made.stderr)
  writeFileSync(join(folder, 'a.txt'), 'a document\n')
  shell('jar cf IN.jar a.txt', folder)
  for (const name of ['1', '2', '3']) writeFileSync(join(folder, `${name}.ps1`), `Write-Host ${name}\r\n`)
  const chain = readFileSync(join(run.folder, 'fullchain.pem'), 'utf8').match(
    /-----BEGIN[\s\S]*?-----END CERTIFICATE-----\n/g,
  )
  writeFileSync(join(folder, 'root.pem'), chain.at(-1))
}

const verifyCms = [
  'openssl cms -verify -binary -inform DER -in OUT.p7s -content a.txt -CAfile root.pem -purpose any -out /dev/null',
]

/** The printed command with this test's files, and how somebody else verifies the outcome. */
const USE = {
  pyhanko: {
    commands: ([line]) => ['1', '2'].map((n) => line.replace('OUT.pdf', `OUT${n}.pdf`)),
    verify: ['1', '2'].map(
      (n) =>
        `pyhanko sign validate --executive-summary --trust-replace --trust root.pem --no-revocation-check OUT${n}.pdf | grep VALID && pdfsig OUT${n}.pdf | grep 'Signature is Valid'`,
    ),
  },
  jsign: {
    commands: ([line]) => [line.replace(/ IN$/, ' 1.ps1 2.ps1 3.ps1')],
    verify: ['1', '2', '3'].map(
      (n) =>
        `osslsigncode verify -CAfile root.pem -in ${n}.ps1 | grep 'Number of verified signatures: 1\\|Signature verification: ok\\|Message digest'`,
    ),
  },
  jarsigner: {
    commands: (lines) => lines,
    verify: [
      'keytool -importcert -noprompt -alias root -file root.pem -keystore trust.p12 -storepass changeit',
      "jarsigner -J-Duser.language=en -verify -keystore trust.p12 -storepass changeit OUT.jar | grep '^jar verified'",
    ],
  },
  'openssl, provider': {
    commands: ([provider]) => [provider.replace('-in IN', '-in a.txt')],
    verify: verifyCms,
  },
  'openssl, engine': {
    commands: ([, engine]) => [engine.replace('-in IN', '-in a.txt')],
    verify: verifyCms,
  },
  osslsigncode: {
    commands: (lines) => lines.map((line) => line.replace('-in IN', '-in 1.ps1').replace('-out OUT', '-out OUT.ps1')),
    verify: [
      "osslsigncode verify -CAfile root.pem -in OUT.ps1 | grep 'Message digest\\|Number of verified signatures: 1'",
    ],
  },
  nss: {
    commands: (lines) => lines,
    verify: ["pdfsig OUT.pdf | grep 'Signature is Valid'"],
  },
}

const failures = []
for (const [slot, algorithm] of Object.entries(SLOTS)) {
  const profile = join(work, 'sandbox', `profile-${slot}.yaml`)
  writeFileSync(profile, readFileSync(sandbox.profile, 'utf8').replace(/algorithm: .*/, `algorithm: ${algorithm}`))
  const device = `yubikey:serial=15732500;slot=${slot}`
  const run = hsmEnroll('enroll', profile, '--device', device, '--new', '--yes', '--wait')
  const { verified } = hsmEnroll('sign-check', run.id, '--state-directory', state)
  console.log(`${slot}  ${algorithm.padEnd(8)}  sign-check ${verified ? 'verified' : 'FAILED'}`)
  for (const name of Object.keys(EXPECTED)) {
    const use = USE[name]
    const [printedFor = ''] = name.split(',')
    const folder = join(work, `${slot}-${name.replace(', ', '-')}`)
    prepare(folder, run)
    const config = hsmEnroll('signing-config', run.id, '--for', printedFor, '--state-directory', state)
    for (const [file, content] of Object.entries(config.files)) writeFileSync(join(folder, file), content)
    let failure
    for (const command of [...use.commands(config.commands), ...use.verify]) {
      const end = shell(command, folder, config.environment)
      if (!end.ok) failure ??= `${command}\n${end.output}`
    }
    const expected = EXPECTED[name][slot]
    const said = expected === 'signs' || config.pitfalls.some((line) => line.includes(expected))
    const asExpected = said && (expected === NOW_AND_THEN || (failure === undefined) === (expected === 'signs'))
    console.log(
      `${slot}  ${algorithm.padEnd(8)}  ${name.padEnd(17)}  ${failure === undefined ? 'signs, verified' : `does not sign (${expected})`}${asExpected ? '' : '  UNEXPECTED'}`,
    )
    if (!asExpected) failures.push(`${slot} ${name}: ${failure ?? 'signs, although it is said not to'}`)
  }
}
if (failures.length > 0) {
  console.error(failures.join('\n\n'))
  process.exit(1)
}
console.log('signing: as printed')
