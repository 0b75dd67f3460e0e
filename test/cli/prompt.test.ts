import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { allHere } from '../not-run.ts'

const MAIN = resolve(import.meta.dirname, '../../dist/cli/main.js')

/** Whether util-linux's `script` is here, to make a terminal. In CI its absence is an error: nothing may be passed over there. */
function terminalAvailable(): boolean {
  const { stdout } = spawnSync('script', ['--version'], { encoding: 'utf8' })
  return allHere(stdout?.includes('util-linux') === true ? [] : ["util-linux's script"])
}

/** Runs the program at a terminal of its own, and presses `key` when it shows `question`. */
function pressAtQuestion(
  key: string,
  question = 'masked',
  command = 'balance',
): Promise<{ readonly code: number | null; readonly screen: string }> {
  const child = spawn('script', ['-qefc', `"${process.execPath}" "${MAIN}" ${command}`, '/dev/null'], {
    env: {
      PATH: process.env.PATH ?? '',
      HOME: '/nonexistent',
      TERM: 'xterm',
      HSM_ENROLL_SECTIGO_ENDPOINT: 'https://127.0.0.1:9/products/',
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  let screen = ''
  let pressed = false
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    screen += text
    if (pressed || !screen.includes(question)) return
    pressed = true
    child.stdin.write(key)
  })
  return new Promise((done, reject) => {
    child.once('error', reject)
    child.once('close', (code) => done({ code, screen }))
  })
}

describe.runIf(terminalAvailable())('a question at the terminal', () => {
  it.each([
    ['Ctrl-C', '\x03'],
    ['Ctrl-D', '\x04'],
  ])('%s ends it with exit code 2 and a remedy: no defect, and never 0', async (_name, key) => {
    const { code, screen } = await pressAtQuestion(key)
    expect(screen).toContain('(prompt.stopped, exit 2)')
    expect(screen).toContain('Try: Start again')
    expect(code).toBe(2)
  })

  it('--json asks on stderr, and a no is one object on stdout', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'prompt-'))
    try {
      const file = join(folder, 'stdout')
      const command = `order refund 1 --reason-code 1 --json > "${file}"`
      const { code, screen } = await pressAtQuestion('n\r', '(y/N)', command)
      expect(screen).toContain('Request a refund of order 1?')
      const { error } = JSON.parse(readFileSync(file, 'utf8')) as { error: object }
      expect(error).toMatchObject({ code: 'change.declined', exitCode: 1 })
      expect(code).toBe(1)
    } finally {
      rmSync(folder, { recursive: true })
    }
  })
})
