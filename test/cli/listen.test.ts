import { describe, expect, it } from 'vitest'
import { runProgram } from '../enrollment/built-program.ts'

describe('listen', () => {
  it.each(['99999', '-1', '80abc', '1.5'])('refuses the port %s in words, as a mistake of the caller', async (port) => {
    const end = await runProgram(['listen', `--port=${port}`])
    expect(end.stderr).toContain('--port is no number from 0 to 65535')
    expect(end.code).toBe(2)
  })
})
