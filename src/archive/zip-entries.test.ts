import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { isZip, readZipEntries, ZipError } from './zip-entries.ts'

const folder = mkdtempSync(join(tmpdir(), 'zip-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** Made by Python's zipfile, so that the reader is not tried with a writer of our own. */
function zip(method: 'ZIP_STORED' | 'ZIP_DEFLATED' | 'ZIP_BZIP2', files: Readonly<Record<string, number>>): Buffer {
  const target = join(folder, `${method}.zip`)
  const program = `import sys,json,zipfile
with zipfile.ZipFile(sys.argv[1], 'w', zipfile.${method}) as z:
    for name, size in json.loads(sys.argv[2]).items(): z.writestr(name, b'a' * size)`
  execFileSync('python3', ['-c', program, target, JSON.stringify(files)])
  return readFileSync(target)
}

const whole = zip('ZIP_DEFLATED', { 'one.crt': 1000, 'folder/': 0, 'naïve.txt': 3 })

describe('a zip file', () => {
  it.each(['ZIP_STORED', 'ZIP_DEFLATED'] as const)('is read, folders left out (%s)', (method) => {
    const bytes = zip(method, { 'one.crt': 1000, 'folder/': 0, 'naïve.txt': 3 })
    expect(isZip(bytes)).toBe(true)
    const entries = readZipEntries(bytes).map(({ name, content }) => [name, Buffer.from(content).toString()])
    expect(entries).toEqual([
      ['one.crt', 'a'.repeat(1000)],
      ['naïve.txt', 'aaa'],
    ])
  })

  it('is refused when it holds too many files, too much, nothing, or is packed otherwise', () => {
    const many = Object.fromEntries(Array.from({ length: 33 }, (_, n) => [`${n}`, 1]))
    expect(() => readZipEntries(zip('ZIP_STORED', many))).toThrow(/33 entries/)
    expect(() => readZipEntries(zip('ZIP_DEFLATED', { bomb: 50_000_000 }))).toThrow(/too large/)
    expect(() => readZipEntries(zip('ZIP_DEFLATED', { a: 200_000, b: 200_000 }))).toThrow(/too large/)
    expect(() => readZipEntries(zip('ZIP_STORED', {}))).toThrow(/0 entries/)
    expect(() => readZipEntries(zip('ZIP_BZIP2', { a: 1 }))).toThrow(/method 12/)
  })

  it('is refused, with code and remedy, wherever it is cut off', () => {
    for (let length = 0; length < whole.length; length++) {
      expect(() => readZipEntries(whole.subarray(0, length))).toThrow(ZipError)
    }
    expect(() => readZipEntries(whole.subarray(1))).toThrow(
      expect.objectContaining({ code: 'archive.zip', remedy: expect.stringMatching(/\w/) }),
    )
  })

  it('gives the same files or none, whatever is changed in it', () => {
    const before = readZipEntries(whole)
    const contents = before.map(({ content }) => Buffer.from(content).toString('hex'))
    for (let at = 0; at < whole.length; at++) {
      const changed = Buffer.from(whole)
      changed[at] = (changed[at] ?? 0) ^ 0x01
      try {
        for (const { content } of readZipEntries(changed))
          expect(contents).toContain(Buffer.from(content).toString('hex'))
      } catch (error) {
        expect(error).toBeInstanceOf(ZipError)
      }
    }
  })

  it('is never anything else but files or a ZipError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(whole.length), (noise, at) => {
        try {
          readZipEntries(Buffer.concat([whole.subarray(0, at), noise, whole.subarray(at)]))
        } catch (error) {
          expect(error).toBeInstanceOf(ZipError)
        }
      }),
    )
  })
})
