// `node judge.mjs ROOT`: see run.sh. ROOT holds the program, its libraries and `vectors`.
import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'

const [root = ''] = process.argv.slice(2)
const main = resolve('dist/cli/main.js')
const env = { HOME: '/nonexistent', XDG_CONFIG_HOME: '/nonexistent' }
const run = (program, args) => {
  const { status, stdout, stderr, error } = spawnSync(program, args, {
    cwd: root,
    env: { PATH: process.env.PATH, ...env },
  })
  if (error) throw error
  return { status, stdout: stdout.toString(), stderr: stderr.toString() }
}
const inside = (args) =>
  run('unshare', ['--user', '--map-root-user', '--net', `--root=${root}`, '--wd=/', '/hsm-enroll', ...args])
const outside = (args) => run(process.execPath, [main, ...args])

const PEM = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----\n/g
const rows = JSON.parse(readFileSync(join(root, 'vectors/manifest.json'), 'utf8'))

/** A leaf alone is passed with the certificate that issued it, from the package of another row. */
function issuerFile({ id, attestation, issuerFrom }) {
  const issuer = rows.find((row) => row.id === issuerFrom)
  const own = readFileSync(join(root, 'vectors', attestation), 'latin1').match(PEM) ?? []
  if (issuer === undefined || own.length !== 1) return []
  const [, second] = readFileSync(join(root, 'vectors', issuer.attestation), 'latin1').match(PEM) ?? []
  const file = `vectors/issuer-of-${id}.pem`
  writeFileSync(join(root, file), second ?? '')
  return [file]
}

const option = (name, file) => (file === undefined ? [] : [`--${name}`, `vectors/${file}`])
const argumentsFor = (row) => [
  ...['check', '--json', '--hsm-type', row.hsmType],
  ...['--attestation', `vectors/${row.attestation}`, ...issuerFile(row)],
  ...option('csr', row.csr),
  ...option('cert-chains', row.certChains),
  ...option('public-key', row.publicKey),
]

function verdictOf({ status, stdout, stderr }) {
  // Input that is no attestation is an error of the input (exit 2); anything else without a verdict is the program's.
  if (status === 2) return 'refuse'
  if (status !== 0 && status !== 1) throw new Error(`exit ${status}: ${stdout}${stderr}`)
  const { genuine, checks, claims } = JSON.parse(stdout)
  const fails = (id) => checks.some((check) => check.id === id && check.status === 'fail')
  if (!genuine || fails('binding.signature')) return 'refuse'
  if (fails('binding.key')) return 'genuine-but-other-key'
  return claims.extractable === false ? 'genuine' : 'genuine-but-exportable'
}

let wrong = 0
const report = (isRight, what) => {
  if (!isRight) wrong++
  console.log(`${isRight ? 'ok ' : 'NO '} ${what}`)
}
const same = (one, other) => one.status === other.status && one.stdout === other.stdout && one.stderr === other.stderr

for (const row of rows) {
  const args = argumentsFor(row)
  const [alone, withNode] = [inside(args), outside(args)]
  const verdict = verdictOf(alone)
  report(verdict === row.expect && same(alone, withNode), `${row.id}: ${verdict}`)
}
const many = ['check-many', '--json', '--workers', '2', 'vectors/yubikey', 'vectors/luna']
const [alone, withNode] = [inside(many), outside(many)]
const packages = alone.stdout.trim().split('\n').length
report(packages > 20 && same(alone, withNode), `check-many, two workers: ${packages} packages, word for word`)
for (const args of [['--help'], ['check', '--help'], ['--version'], ['trust', 'list', '--json']])
  report(inside(args).status === 0 && same(inside(args), outside(args)), args.join(' '))
const devices = inside(['doctor', '--state-directory', '/tmp/state'])
report(
  devices.stdout.includes('the single-file program holds no native addon'),
  'doctor says what the program cannot hold',
)
console.log(`${rows.length} attestations, ${wrong} differences`)
process.exitCode = wrong === 0 && rows.length > 0 ? 0 : 1
