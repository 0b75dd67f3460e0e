import { execFile, execFileSync, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startProgram } from './enrollment/running-program.ts'

const ROOT = resolve(import.meta.dirname, '..')
const manifest: {
  readonly dependencies: Readonly<Record<string, string>>
  readonly optionalDependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  readonly allowScripts: Readonly<Record<string, boolean>>
} = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
const lock: {
  readonly packages: Readonly<
    Record<
      string,
      {
        readonly license?: string
        readonly dev?: boolean
        readonly resolved?: string
        readonly hasInstallScript?: boolean
      }
    >
  >
} = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'))
const installed = Object.entries(lock.packages).filter(([path]) => path !== '')

describe('the dependencies', () => {
  const page = readFileSync(join(ROOT, 'docs/dependencies.md'), 'utf8')
  const rows = page.split('\n').filter((line) => line.startsWith('|'))

  it.each(Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies }))(
    '%s is explained in docs/dependencies.md, with its licence',
    (name) => {
      const row = rows.find((line) => line.includes(`\`${name}\``))
      const licence = lock.packages[`node_modules/${name}`]?.license ?? 'none'
      expect(row?.split('|')[2]?.trim()).toBe(
        licence.replace(/^\((.*) (OR|AND) (.*)\)$/, (_, one, word, other) => `${one} ${word.toLowerCase()} ${other}`),
      )
    },
  )

  it('of development are named there', () => {
    const named = Object.keys(manifest.devDependencies).filter((name) => !name.startsWith('@types/'))
    for (const name of named) expect(page).toContain(`\`${name}\``)
  })

  it('that are installed with the program carry permissive licences', () => {
    const production = installed.filter(([, { dev }]) => dev !== true)
    expect(production.length).toBeGreaterThan(50)
    const permissive = [
      'MIT',
      'ISC',
      'BSD-3-Clause',
      'Apache-2.0',
      '0BSD',
      '(MIT OR X11)',
      '(MIT OR Apache-2.0)',
      '(MIT AND Zlib)',
    ]
    expect(production.filter(([, { license }]) => !permissive.includes(license ?? ''))).toEqual([])
  })

  it('with an install script are allowed to run it, and no other: npm 12 asks for that', () => {
    const scripts = installed.filter(([, { hasInstallScript }]) => hasInstallScript === true)
    const names = scripts.map(([path]) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length))
    expect(Object.entries(manifest.allowScripts)).toEqual(names.sort().map((name) => [name, true]))
  })

  it('are locked without download addresses', () => {
    expect(installed.filter(([, { resolved }]) => resolved !== undefined)).toEqual([])
  })
})

describe('npm run sbom', () => {
  const schemas = join(ROOT, 'node_modules/@cyclonedx/cyclonedx-library/res/schema')
  const schema = (name: string): object =>
    JSON.parse(readFileSync(join(schemas, `${name}.SNAPSHOT.schema.json`), 'utf8'))

  it("prints what is installed with the program, valid under CycloneDX's own schema", () => {
    const text = execFileSync(process.execPath, [join(ROOT, 'scripts/sbom.mjs')], { encoding: 'utf8' })
    const bom: {
      readonly specVersion: string
      readonly metadata: { readonly component: { readonly name: string } }
      readonly components: readonly { readonly purl: string }[]
    } = JSON.parse(text)
    const ajv = new Ajv({ strict: false, formats: { 'idn-email': true, 'iri-reference': true } })
    addFormats.default(ajv)
    for (const name of ['spdx', 'jsf-0.82', 'cryptography-defs'])
      ajv.addSchema(schema(name), `http://cyclonedx.org/schema/${name}.SNAPSHOT.schema.json`)
    const validate = ajv.compile(schema(`bom-${bom.specVersion}`))
    expect(validate(bom), JSON.stringify(validate.errors)).toBe(true)
    expect(bom.metadata.component.name).toBe('hsm-enroll')
    const purls = bom.components.map(({ purl }) => purl)
    for (const name of Object.keys(manifest.dependencies))
      expect(
        purls.some((purl) => purl.startsWith(`pkg:npm/${name.replace('@', '%40')}@`)),
        name,
      ).toBe(true)
    expect(purls.filter((purl) => /vitest|typescript|biome/.test(purl))).toEqual([])
  })
})

describe('the package', () => {
  let folder: string
  let files: readonly string[]

  beforeAll(() => {
    // In a copy: packing builds, and the built program is in use by other tests.
    folder = mkdtempSync(join(tmpdir(), 'package-'))
    for (const name of [
      ...['src', 'devices', 'test', 'scripts', 'schemas', 'docs', 'contrib'],
      ...['package.json', 'tsconfig.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md'],
    ])
      cpSync(join(ROOT, name), join(folder, name), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'), 'junction')
    const npm = (...args: string[]): string =>
      execFileSync('npm', args, { cwd: folder, encoding: 'utf8', shell: process.platform === 'win32' })
    const archive = npm('pack', '--loglevel=error').trim().split('\n').at(-1) ?? ''
    execFileSync('tar', ['xzf', archive], { cwd: folder })
    files = execFileSync('tar', ['tzf', archive], { cwd: folder, encoding: 'utf8' })
      .trim()
      .split('\n')
      .map((name) => name.replace('package/', ''))
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'package/node_modules'), 'junction')
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  it('holds the program, the library with its types, the schemas, the documentation and the notices', () => {
    for (const file of [
      ...['dist/cli/main.js', 'dist/index.js', 'dist/types/src/library/index.d.ts', 'dist/third-party-notices.txt'],
      ...[
        'dist/check.js',
        'dist/check-anywhere.js',
        'dist/check.html',
        'dist/enroll.js',
        'dist/types/src/library/check.d.ts',
        'dist/types/src/library/enroll.d.ts',
      ],
      ...['LICENSE', 'README.md', 'CHANGELOG.md', 'SECURITY.md', 'docs/architecture.md'],
      ...['schemas/attestation-result.schema.json', 'contrib/udev/70-hsm-enroll.rules'],
    ])
      expect(files).toContain(file)
  })

  it('holds no source, no test, no tool and no path of this machine', () => {
    expect(files.filter((file) => /^(src|devices|test|scripts)\/|^dist\/tools|\.test\./.test(file))).toEqual([])
    const texts = files.filter((file) => /\.(js|d\.ts|json|md|txt)$/.test(file))
    const telling = texts.filter((file) => readFileSync(join(folder, 'package', file), 'utf8').includes(ROOT))
    expect(telling).toEqual([])
  })

  it('is the program, its types and its documents, and nothing else', () => {
    // docs/dependencies.md says what each of them is for.
    const places = [
      /^dist\/(?:cli\/)?[\w-]+\.js$/,
      /^dist\/(third-party-notices\.txt|check\.html|hsm-enroll\.1)$/,
      /^dist\/cli\/(?:help-\d+|package)\.json$/,
      /^dist\/types\/(src|devices)\/.*\.d\.ts$/,
      /^(docs|schemas|contrib)\//,
      /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|CONTRIBUTING\.md|SECURITY\.md)$/,
    ]
    expect(files.filter((file) => !places.some((place) => place.test(file)))).toEqual([])
    expect(files.filter((file) => /^dist\/types\/src\/(cli|sandbox)\//.test(file))).toEqual([])
    expect(files.filter((file) => file.endsWith('.map'))).toEqual([])
    const bytes = files.reduce((sum, file) => sum + statSync(join(folder, 'package', file)).size, 0)
    expect(bytes).toBeLessThan(11 << 20)
  })

  it('has no link that leads out of it, or nowhere', () => {
    const dead = files
      .filter((file) => file.endsWith('.md'))
      .flatMap((file) =>
        [...readFileSync(join(folder, 'package', file), 'utf8').matchAll(/\]\(\s*([^)#\s]+)/g)]
          .map(([, target = '']) => target)
          .filter((target) => !target.includes('://') && !existsSync(join(folder, 'package', dirname(file), target)))
          .map((target) => `${file}: ${target}`),
      )
    expect(dead).toEqual([])
  })

  it('is bundled without a flag: the addons stay outside, and the rest runs', async () => {
    const app = join(folder, 'app')
    mkdirSync(join(app, 'node_modules'), { recursive: true })
    // A copy: behind a link esbuild would take it for the app's own code, and warn of what it leaves out.
    cpSync(join(folder, 'package'), join(app, 'node_modules/hsm-enroll'), { recursive: true })
    const script = `import { checkAttestation } from 'hsm-enroll/check'
      import { openDevice } from 'hsm-enroll/enroll'
      console.log(typeof checkAttestation, typeof openDevice)`
    writeFileSync(join(app, 'package.json'), '{ "type": "module" }')
    writeFileSync(join(app, 'app.mjs'), script)
    const outfile = join(app, 'bundle.mjs')
    const { metafile, warnings } = await build({
      entryPoints: [join(app, 'app.mjs')],
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
      metafile: true,
      logLevel: 'silent',
    })
    expect(warnings).toEqual([])
    const addons = Object.keys(metafile.inputs).filter((name) => /graphene-pk11|pkcs11js|node-hid/.test(name))
    expect(addons).toEqual([])
    expect(execFileSync(process.execPath, [outfile], { encoding: 'utf8' }).trim()).toBe('function function')
  })

  it('has no script that npm 12 would list as blocked where it is installed', () => {
    const { scripts } = JSON.parse(readFileSync(join(folder, 'package/package.json'), 'utf8'))
    const blocked = ['preinstall', 'install', 'postinstall', 'preprepare', 'prepare', 'postprepare']
    expect(Object.keys(scripts).filter((name) => blocked.includes(name))).toEqual([])
  })

  it('carries the notice of everybody whose code is in the bundle', () => {
    const notices = readFileSync(join(folder, 'package/dist/third-party-notices.txt'), 'utf8')
    for (const name of ['yargs', 'pkijs', 'asn1js', '@noble/curves', 'pako', 'buffer', 'yaml', 'fastest-levenshtein'])
      expect(notices).toMatch(new RegExp(`^${name} \\d`, 'm'))
  })

  it('finds a notice of whatever is installed with the program: the program in one file carries it', () => {
    const installed = Object.entries(lock.packages).filter(
      ([folder, { dev }]) => folder.startsWith('node_modules/') && dev !== true && existsSync(join(ROOT, folder)),
    )
    const script = `import { thirdPartyNotices } from './scripts/third-party.mjs'
      console.log(thirdPartyNotices(${JSON.stringify(installed.map(([folder]) => `${folder}/index.js`))}))`
    const notices = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
      cwd: ROOT,
      encoding: 'utf8',
    })
    expect(notices).toMatch(/^pg \d/m)
    expect(notices).toMatch(/^pg-types \d/m)
  })

  it('runs as a program and loads as a library', () => {
    const node = (...args: string[]): string =>
      execFileSync(process.execPath, args, { cwd: join(folder, 'package'), encoding: 'utf8' }).trim()
    expect(node('dist/cli/main.js', '--version')).toMatch(/^\d+\.\d+\.\d+$/)
    const script = 'import("./dist/index.js").then((m) => console.log(typeof m.checkAttestation))'
    expect(node('-e', script)).toBe('function')
  })

  it('offers a strict program to check, to enrol on a double, and to be refused the second time', async () => {
    const consumer = join(folder, 'consumer')
    mkdirSync(join(consumer, 'node_modules'), { recursive: true })
    symlinkSync(join(folder, 'package'), join(consumer, 'node_modules/hsm-enroll'), 'junction')
    symlinkSync(join(ROOT, 'node_modules/@types'), join(consumer, 'node_modules/@types'), 'junction')
    writeFileSync(join(consumer, 'package.json'), '{ "type": "module" }')
    writeFileSync(join(consumer, 'program.ts'), CONSUMER)
    writeFileSync(join(consumer, 'tsconfig.json'), JSON.stringify({ compilerOptions: STRICT, files: ['program.ts'] }))
    const tsc = [join(ROOT, 'node_modules/typescript/bin/tsc'), '--pretty', 'false']
    const compiled = spawnSync(process.execPath, tsc, { cwd: consumer, encoding: 'utf8' })
    expect(compiled.stdout + compiled.stderr).toBe('')

    const double = join(consumer, 'double')
    const sandbox = startProgram(['sandbox', '--directory', double, '--json'])
    try {
      await sandbox.until(/"profile"/)
      const files = [join(double, 'profile.yaml'), join(double, 'trust-anchors.json')]
      const { stdout } = await promisify(execFile)(process.execPath, ['program.js', ...files], { cwd: consumer })
      expect(JSON.parse(stdout)).toEqual({ acceptable: true, state: 'installed', second: 'run.completed' })
    } finally {
      await sandbox.stop()
    }
  })

  it('keeps hsm-enroll/check to computing: it loads no file, network or process of Node.js', () => {
    const loaded = new Set<string>()
    const follow = (file: string): void => {
      if (loaded.has(file)) return
      loaded.add(file)
      if (file.startsWith('node:')) return
      const text = readFileSync(file, 'utf8')
      for (const [, from, bare] of text.matchAll(
        /^(?:import|export)\b[^'"]*?from ?["']([^"']+)["']|^import ["']([^"']+)["']/gm,
      )) {
        const name = from ?? bare ?? ''
        follow(name.startsWith('.') ? join(dirname(file), name) : name)
      }
      for (const [, name = ''] of text.matchAll(/getBuiltinModule\(["']([^"']+)["']\)/g)) loaded.add(name)
    }
    follow(join(folder, 'package/dist/check.js'))
    const outside = [...loaded].filter((name) => !name.startsWith(folder))
    expect(outside.sort()).toEqual(['node:crypto', 'node:zlib'])
  })
})

const STRICT = { strict: true, noUncheckedIndexedAccess: true, target: 'ES2023', module: 'nodenext', types: ['node'] }

/** What somebody writes who knows the package by its types alone. */
const CONSUMER = `import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { checkUnder, readCertificationRequest, readEvidence, verifyCertificationRequest } from 'hsm-enroll/check'
import { createRealServices, EnrollError, enroll, type Enrolled, type Enrollment, loadConfiguration } from 'hsm-enroll/enroll'

const [profile = ''] = process.argv.slice(2)
const configuration = await loadConfiguration({ profile })
const services = createRealServices({
  stateDirectory: configuration.required('stateDirectory'),
  reading: { env: process.env },
  observer: { step: ({ step, status, detail }) => console.error(step, status, detail) },
})
const enrollment: Enrollment = { configuration, wait: true, confirm: async () => true }
const { folder, record }: Enrolled = await enroll(enrollment, services)

const csr = await readFile(join(folder, record.request?.file ?? ''))
if (!verifyCertificationRequest(readCertificationRequest(csr))) throw new Error('the request is not signed by its key')
const evidence = readEvidence(await readFile(join(folder, record.attestation?.file ?? '')))
const verdict = await checkUnder(configuration, { package: evidence.package, csr, now: Date.now() }, readFile)

let second = 'enrolled'
try {
  await enroll(enrollment, services)
} catch (error) {
  if (!(error instanceof EnrollError)) throw error
  second = error.code
}
console.log(JSON.stringify({ acceptable: verdict.acceptable, state: record.state, second }))
`
