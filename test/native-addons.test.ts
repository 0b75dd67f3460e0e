import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { addonFault } from '../devices/native-addon-fault.ts'

const ROOT = resolve(import.meta.dirname, '..')
const ADDON = join(ROOT, 'node_modules/pkcs11js/build/Release/pkcs11.node')

let folder: string
beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'addons-')))
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('what to run, by how the package is installed', () => {
  const PKCS11 = { what: 'PKCS#11 addon', builds: 'pkcs11js', needs: 'a compiler' }
  const NOT_BUILT = new Error("Cannot find module './build/Release/pkcs11.node'\nRequire stack:\n- x")
  const NOT_INSTALLED = new Error("Cannot find package 'graphene-pk11' imported from x")

  /** A package as npm lays it out: the remedy for what is wrong with it. */
  function remedyIn(path: string, fault: Error, manifest?: { readonly at: string; readonly content: object }): string {
    const own = join(folder, path)
    mkdirSync(join(own, 'dist'), { recursive: true })
    writeFileSync(join(own, 'package.json'), '{"allowScripts":{"pkcs11js":true}}')
    if (manifest !== undefined)
      writeFileSync(join(folder, manifest.at, 'package.json'), JSON.stringify(manifest.content))
    const { remedy } = addonFault(PKCS11, fault, `file://${join(own, 'dist/chunk.js').replaceAll(' ', '%20')}`)
    return remedy.replaceAll(folder, '').replace('With a compiler on this host, run: ', '')
  }

  it('globally: the flag that npm 12 wants there, and the prefix, since another npm may have another one', () => {
    expect(remedyIn('g/lib/node_modules/hsm-enroll', NOT_BUILT)).toBe(
      'npm rebuild --global --prefix /g --ignore-scripts=false --allow-scripts=pkcs11js pkcs11js',
    )
  })

  it('globally, without the package: its own folder is installed again, since a name would fetch what strangers publish', () => {
    const remedy = remedyIn('g/lib/node_modules/hsm-enroll', NOT_INSTALLED)
    expect(remedy).toMatch(/^npm --prefix \/g\/lib\/node_modules\/hsm-enroll install .*--include=optional/)
    expect(remedy).not.toMatch(/install.* hsm-enroll|npx/)
  })

  it('in a project: its package.json allows the script first', () => {
    expect(remedyIn('p/node_modules/hsm-enroll', NOT_BUILT, { at: 'p', content: {} })).toBe(
      'npm --prefix /p pkg set allowScripts.pkcs11js=true --json && npm --prefix /p rebuild --ignore-scripts=false pkcs11js',
    )
  })

  it('in a project that allows it: no more than is needed', () => {
    const content = { allowScripts: { pkcs11js: true } }
    expect(remedyIn('a/node_modules/hsm-enroll', NOT_BUILT, { at: 'a', content })).toBe(
      'npm --prefix /a rebuild --ignore-scripts=false pkcs11js',
    )
    expect(remedyIn('a/node_modules/hsm-enroll', NOT_INSTALLED, { at: 'a', content })).toBe(
      'npm --prefix /a install --include=optional --ignore-scripts=false',
    )
  })

  it('in a clone or an unpacked package: there', () => {
    expect(remedyIn('a clone', NOT_BUILT)).toBe(
      `npm --prefix ${process.platform === 'win32' ? '"/a clone"' : "'/a clone'"} rebuild --ignore-scripts=false pkcs11js`,
    )
  })
})

describe.runIf(process.platform === 'linux' && existsSync(ADDON))('an addon that does not load', () => {
  const pkcs11js = (): string => join(folder, 'node_modules/pkcs11js')
  beforeAll(async () => {
    for (const name of ['graphene-pk11', 'pkcs11js', 'reflect-metadata', 'tslib', 'node-hid', 'pkg-prebuilds'])
      if (existsSync(join(ROOT, 'node_modules', name)))
        cpSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name), { recursive: true })
    await build({
      entryPoints: [join(ROOT, 'devices/native-addon.ts')],
      outfile: join(folder, 'native-addon.mjs'),
      bundle: true,
      format: 'esm',
      platform: 'node',
    })
  })

  /** What a process of its own says. Symbols are looked up when the addon is loaded, not at the first call. */
  function load(name = 'graphene-pk11'): string {
    const script = `import(${JSON.stringify(join(folder, 'native-addon.mjs'))}).then(({ loadNativeAddon }) =>
      loadNativeAddon('${name}').then(() => console.log('loaded'), (error) => console.log(error.code, error.message)))`
    const env = { ...process.env, LD_BIND_NOW: '1' }
    return execFileSync(process.execPath, ['-e', script], { encoding: 'utf8', env }).trim()
  }

  /** The addon with other bytes; each must be there. */
  function damage(change: (binary: Buffer) => Buffer): string {
    const file = join(pkcs11js(), 'build/Release/pkcs11.node')
    mkdirSync(join(pkcs11js(), 'build/Release'), { recursive: true })
    rmSync(file, { force: true })
    writeFileSync(file, change(readFileSync(ADDON)))
    return load()
  }
  /** What is said while that folder is not there; the other tests find it again. */
  function without(path: string, look: () => string): string {
    renameSync(path, `${path}.aside`)
    try {
      return look()
    } finally {
      renameSync(`${path}.aside`, path)
    }
  }
  const replaced = (from: string, to: string) => (binary: Buffer) => {
    expect(binary.includes(`${from}\0`)).toBe(true)
    return Buffer.from(binary.toString('latin1').replaceAll(`${from}\0`, `${to}\0`), 'latin1')
  }
  const byte = (at: number, value: number) => (binary: Buffer) => {
    binary[at] = value
    return binary
  }

  it('loads where it is as it was built', () => {
    expect(damage((binary) => binary)).toBe('loaded')
    expect(load('node-hid')).toBe('loaded')
  })

  // The offsets are those of an ELF header: class (4) and machine (18, here an IA-64).
  it.each<[string, (binary: Buffer) => Buffer, string, RegExp]>([
    ['for another word size', byte(4, 1), 'was built for another system or processor', /wrong ELF class/],
    ['for another processor', byte(18, 50), 'was built for another system or processor', /cannot open|ELF/],
    ['for another system', byte(0, 0xcf), 'was built for another system or processor', /invalid ELF header/],
    [
      'for another Node.js',
      replaced('napi_register_module_v1', 'napi_register_module_v0'),
      'was built for another version of Node.js',
      /did not self-register/,
    ],
    [
      'against other libraries',
      replaced('napi_throw_error', 'napi_throw_errot'),
      'was built against libraries other',
      /undefined symbol: napi_throw_errot/,
    ],
    ['without a library', replaced('libc.so.6', 'libd.so.6'), 'needs a library', /libd\.so\.6: cannot open/],
    ['cut off', (binary) => binary.subarray(0, 9), 'is damaged', /file too short/],
  ])('%s says so, in the words of the loader', (_what, change, says, words) => {
    const line = damage(change)
    expect(line).toContain(`device.module Could not load the PKCS#11 addon, which YubiKey, Luna and nShield need: `)
    expect(line).toContain(`pkcs11js ${says}`)
    expect(line).toMatch(words)
    expect(line.split('\n')).toHaveLength(1)
  })

  it('that was never built, or is not there, is told apart', () => {
    expect(without(join(pkcs11js(), 'build'), () => load())).toContain(
      'pkcs11js is installed, but its binary was not built (Cannot find module',
    )
    expect(without(pkcs11js(), () => load())).toContain("pkcs11js is not installed (Cannot find module 'pkcs11js'")
  })

  it('is found out where the import alone would not: node-hid loads its binary late', () => {
    const hid = join(folder, 'node_modules/node-hid')
    const look = (): string => without(join(hid, 'prebuilds'), () => load('node-hid'))
    expect(existsSync(join(hid, 'build')) ? without(join(hid, 'build'), look) : look()).toContain(
      'node-hid is installed, but its binary was not built (Failed to find binding',
    )
  })
})
