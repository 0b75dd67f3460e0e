import { spawn } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const PROGRAM = `'${process.execPath}' '${resolve(import.meta.dirname, '../../dist/cli/main.js')}'`

/** Runs a line of shell; `answer` is typed once the output matches `at`. */
function shell(line: string, answer?: { readonly at: RegExp; readonly keys: string }): Promise<string> {
  const child = spawn('bash', ['-c', line], { env: { PATH: process.env.PATH, HOME: '/nonexistent', TERM: 'xterm' } })
  let said = ''
  let pending = answer
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (pending === undefined || !pending.at.test(said)) return
      child.stdin.write(pending.keys)
      pending = undefined
    })
  }
  return new Promise((done, reject) => child.once('error', reject).once('close', () => done(said)))
}

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'streams-'))
  await writeFile(join(folder, 'ask.yaml'), 'sectigo:\n  endpoint: https://127.0.0.1:1/\n')
})
afterAll(() => rm(folder, { recursive: true }))

describe('a stream that fails does not end the program', () => {
  it.each(['trust list', 'trust list --json', 'config check'])('a reader that has gone: %s', async (command) => {
    const said = await shell(`${PROGRAM} ${command} | true; echo "code \${PIPESTATUS[0]}"`)
    expect(said).toBe('code 0\n')
  })

  it.runIf(process.platform === 'linux')('a full disk behind stdout is said, and is no success', async () => {
    const said = await shell(`${PROGRAM} trust list > /dev/full; echo "code $?"`)
    expect(said).toMatch(/^error: Could not write the output: the disk is full\.\nTry: .+\ncode 2\n$/)
  })

  it.runIf(process.platform === 'linux')('a full disk behind stderr changes no exit code', async () => {
    expect(await shell(`${PROGRAM} runs show x 2> /dev/full; echo "code $?"`)).toBe('code 2\n')
  })
})

it.runIf(process.platform === 'linux')(
  'Ctrl-C at a question ends with a word of its own, not as a defect',
  async () => {
    const command = `${PROGRAM} balance --profile ${join(folder, 'ask.yaml')} --state-directory ${folder}`
    const said = await shell(`script -qec "${command}" /dev/null; echo "code $?"`, { at: /masked|\?/, keys: '\x03' })
    expect(said).toMatch(/Stopped before you answered; nothing was sent/)
    expect(said).toMatch(/prompt\.stopped, exit 2[\s\S]*code 2/)
  },
)

/** Numbers at which the runtime keeps its own event descriptors. */
const LIST = `const { readdirSync, readlinkSync } = require('fs');
for (const fd of readdirSync('/proc/self/fd')) try { if (readlinkSync('/proc/self/fd/' + fd).startsWith('anon_inode')) console.log(fd) } catch {}`

it.runIf(process.platform === 'linux')(
  'a descriptor of the runtime itself is refused, not read or closed',
  async () => {
    const numbers = (await shell(`'${process.execPath}' -e "${LIST}"`)).trim().split('\n')
    expect(numbers.length).toBeGreaterThan(1)
    for (const number of numbers) {
      const env = `HSM_ENROLL_SECTIGO_LOGIN_NAME=fd:${number}`
      const line = `${env} ${PROGRAM} balance --profile ask.yaml --state-directory . --no-input; echo "code $?"`
      expect(await shell(`cd ${folder}; ${line}`)).toMatch(
        new RegExp(`file descriptor ${number} cannot be read\\.\\nTry: [\\s\\S]*code 2\\n$`),
      )
    }
  },
)
