import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DeviceError } from '../device-error.ts'
import { describeModule, findModule, type ModuleSearch } from './find-module.ts'

describe('findModule', () => {
  let folder: string
  let search: ModuleSearch
  const file = (name: string): string => join(folder, name)
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'modules-'))
    mkdirSync(file('p11-kit'))
    for (const name of ['explicit.so', 'environment.so', 'libvendor-kit.so', 'usual.so']) writeFileSync(file(name), '')
    symlinkSync(file('libvendor-kit.so'), file('link-to-vendor.so'))
    writeFileSync(file('p11-kit/1-other.module'), `module: ${file('explicit.so')}\n`)
    writeFileSync(
      file('p11-kit/2-vendor.module'),
      `# a comment\nmodule:   ${file('libvendor-kit.so')}  \npriority: 3\n`,
    )
    search = {
      vendor: 'Vendor',
      fileName: /libvendor/,
      paths: [file('absent.so'), file('usual.so')],
      install: 'Install it.',
    }
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('takes the explicit path before all', () => {
    const found = findModule(search, {
      explicit: file('explicit.so'),
      environment: { PKCS11_MODULE: file('environment.so') },
      p11KitFolders: [file('p11-kit')],
    })
    expect(found).toMatchObject({ path: file('explicit.so'), origin: 'URI or setting' })
  })

  it.each([
    ['HSM_ENROLL_PKCS11_MODULE', 'environment.so'],
    ['PKCS11_MODULE', 'libvendor-kit.so'],
    ['PKCS11_MODULE_PATH', 'link-to-vendor.so'],
  ])('then the environment (%s), and says which variable', (name, module) => {
    const found = findModule(search, { environment: { [name]: file(module) }, p11KitFolders: [] })
    expect(found).toMatchObject({ path: file(module), origin: name })
    expect(describeModule(found)).toBe(`${file(module)} (from ${name})`)
  })

  it.each(['PKCS11_MODULE', 'PKCS11_MODULE_PATH'])('%s of another vendor gives way to the own module', (name) => {
    for (const path of [file('environment.so'), '/nowhere/x.so']) {
      const found = findModule(search, { environment: { [name]: path }, p11KitFolders: [file('p11-kit')] })
      expect(found.path).toBe(file('libvendor-kit.so'))
      expect(found.trail[0]).toBe(`${name}: ${path} (not a module for Vendor by its name)`)
    }
  })

  it('a shared variable is followed all the same where the vendor has no module here', () => {
    const absent = { ...search, fileName: /^libvendor/, paths: [] }
    const environment = { PKCS11_MODULE: file('environment.so') }
    expect(findModule(absent, { environment, p11KitFolders: [] })).toMatchObject({
      path: file('environment.so'),
      origin: 'PKCS11_MODULE',
    })
  })

  it("then p11-kit's entry of this vendor, not another's", () => {
    const found = findModule(search, { environment: {}, p11KitFolders: [file('p11-kit')] })
    expect(found.path).toBe(file('libvendor-kit.so'))
    expect(found.origin).toContain('2-vendor.module')
  })

  it('then the usual paths, with the trail of what was tried', () => {
    const found = findModule(search, { environment: {}, p11KitFolders: ['/nowhere'] })
    expect(found.path).toBe(file('usual.so'))
    expect(found.trail).toEqual([
      expect.stringContaining('none of'),
      `usual path: ${file('absent.so')} (no such file)`,
      `usual path: ${file('usual.so')}`,
    ])
  })

  it.each([
    ['explicit', { explicit: '/nowhere/x.so', environment: {} }],
    ['environment', { environment: { HSM_ENROLL_PKCS11_MODULE: '/nowhere/x.so' } }],
    ['shared environment', { environment: { PKCS11_MODULE: '/nowhere/libvendor-x.so' } }],
    ['relative', { explicit: 'x.so', environment: {} }],
  ])('never passes over a %s path that is named and not there', (_what, input) => {
    expect(() => findModule(search, { ...input, p11KitFolders: [file('p11-kit')] })).toThrow(DeviceError)
    expect(() => findModule(search, { ...input, p11KitFolders: [file('p11-kit')] })).toThrow(
      /x\.so \((no such file|not an absolute path)\)/,
    )
  })

  it('prints the trail where nothing is found', () => {
    const nothing = { ...search, fileName: /^$/, paths: ['/nowhere/a.so', '/nowhere/b.so'] }
    expect(() => findModule(nothing, { environment: {}, p11KitFolders: [] })).toThrow(
      '/nowhere/a.so (no such file); usual path: /nowhere/b.so',
    )
  })

  it.each(['vendor-kit', 'libvendor-kit', 'libvendor-kit.so'])('finds the module of the name %s (RFC 7512)', (name) => {
    const found = findModule(search, { name, environment: {}, p11KitFolders: [file('p11-kit')] })
    expect(found).toMatchObject({ path: file('libvendor-kit.so'), origin: expect.stringContaining('p11-kit') })
    expect(findModule(search, { name: 'usual', environment: {}, p11KitFolders: [] }).path).toBe(file('usual.so'))
    const environment = { PKCS11_MODULE: file('environment.so') }
    expect(findModule(search, { name: 'environment', environment, p11KitFolders: [] }).origin).toBe('PKCS11_MODULE')
  })

  it('takes no other module than the one that is named', () => {
    const input = {
      name: 'other',
      environment: { PKCS11_MODULE: file('explicit.so') },
      p11KitFolders: [file('p11-kit')],
    }
    expect(() => findModule(search, input)).toThrow(/module-name=other: no p11-kit entry/)
  })
})
