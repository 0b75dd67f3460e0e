import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { readFrontDoor } from './front-door.ts'
import { libraryPage } from './library-page.ts'

const EXPORTS = readFrontDoor(['check', 'enroll', 'index'])

describe.each(Object.entries(EXPORTS))('the library, %s', (_, names) => {
  const called = names.filter(({ kind }) => kind === 'function' || kind === 'class')

  it('exports something', () => {
    expect(called.length).toBeGreaterThan(10)
  })

  it('documents every export', () => {
    expect(names.filter(({ documentation }) => documentation.length < 20).map(({ name }) => name)).toEqual([])
  })

  it('exports every type that a signature leans on', () => {
    const leaning = names.filter(({ hidden }) => hidden.length > 0)
    expect(Object.fromEntries(leaning.map(({ name, hidden }) => [name, hidden]))).toEqual({})
  })

  it('leaves no type to be inferred', () => {
    expect(names.flatMap(({ untyped }) => untyped)).toEqual([])
  })

  it('says of every function and class what it throws, and shows one use', () => {
    const silent = called.filter(({ tags }) => !tags.has('throws') || !tags.has('example'))
    expect(silent.map(({ name, tags }) => `${name}: ${['throws', 'example'].filter((tag) => !tags.has(tag))}`)).toEqual(
      [],
    )
  })
})

it('is the page docs/library.md (written by npm run generate)', async () => {
  await expect(libraryPage(EXPORTS)).toMatchFileSnapshot(resolve(import.meta.dirname, '../../docs/library.md'))
})

describe('the examples in the documentation of the library', () => {
  const folder = mkdtempSync(join(tmpdir(), 'examples-'))
  afterAll(() => rmSync(folder, { recursive: true }))

  it('compile, strictly, as they stand', () => {
    const imports = EXPORTS.index.map(({ name }) => name)
    for (const { name, tags } of EXPORTS.index) {
      const code = /```ts\n([\s\S]*?)```/.exec(tags.get('example')?.[0] ?? '')?.[1]
      if (code === undefined) continue
      const used = imports.filter((each) => new RegExp(`\\b${each}\\b`).test(code))
      expect(used, `${name} is not used in its own example`).toContain(name)
      const head = `import { ${used.join(', ')} } from 'hsm-enroll'\n${FILE_READERS}\n`
      writeFileSync(join(folder, `${name}.ts`), `${head}${code}export {}\n`)
    }
    expect(readdirSync(folder).length).toBeGreaterThan(30)
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(configuration(folder)))
    expect(compile(folder)).toBe('')
  })
})

/** What an example may take for granted beside the library itself. */
const FILE_READERS = "import { readFileSync } from 'node:fs'\nimport { readFile } from 'node:fs/promises'"

const ROOT = resolve(import.meta.dirname, '../..')

const configuration = (folder: string): object => ({
  compilerOptions: {
    ...{ target: 'ES2023', lib: ['ES2023'], module: 'nodenext', strict: true, noUncheckedIndexedAccess: true },
    ...{ noEmit: true, skipLibCheck: true, allowImportingTsExtensions: true, moduleDetection: 'force' },
    ...{ typeRoots: [join(ROOT, 'node_modules/@types')], types: ['node'] },
    paths: { 'hsm-enroll': [join(ROOT, 'src/library/index.ts')] },
  },
  include: [`${folder}/*.ts`],
})

/** What the compiler has to say; nothing is nothing. */
function compile(folder: string): string {
  const tsc = join(ROOT, 'node_modules/typescript/bin/tsc')
  const { stdout, stderr } = spawnSync(process.execPath, [tsc, '-p', folder, '--pretty', 'false'], { encoding: 'utf8' })
  return `${stdout}${stderr}`
}
