import { spawn, spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const MAIN = resolve(import.meta.dirname, '../../dist/cli/main.js')
const terminal = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') === true

/** Runs the program at a terminal of its own, and presses `key` when it asks. */
function pressAtQuestion(key: string): Promise<{ readonly code: number | null; readonly screen: string }> {
  const child = spawn('script', ['-qefc', `"${process.execPath}" "${MAIN}" balance`, '/dev/null'], {
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
    if (pressed || !screen.includes('masked')) return
    pressed = true
    child.stdin.write(key)
  })
  return new Promise((done, reject) => {
    child.once('error', reject)
    child.once('close', (code) => done({ code, screen }))
  })
}

describe.runIf(terminal)('a question at the terminal', () => {
  it.each([
    ['Ctrl-C', '\x03'],
    ['Ctrl-D', '\x04'],
  ])('%s ends it with exit code 2 and a remedy: no defect, and never 0', async (_name, key) => {
    const { code, screen } = await pressAtQuestion(key)
    expect(screen).toContain('(prompt.stopped, exit 2)')
    expect(screen).toContain('Try: Begin again')
    expect(code).toBe(2)
  })
})
