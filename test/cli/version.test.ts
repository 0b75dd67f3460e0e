import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { runProgram } from '../enrollment/built-program.ts'

describe('the version', () => {
  it('is that of package.json', async () => {
    const text = await readFile(resolve(import.meta.dirname, '../../package.json'), 'utf8')
    const { version } = JSON.parse(text) as { version: string }
    expect((await runProgram(['--version'])).stdout.trim()).toBe(version)
  })
})
