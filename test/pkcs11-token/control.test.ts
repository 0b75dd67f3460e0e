import { existsSync, statSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ControlReply } from '../../src/sandbox/pkcs11-token/control-protocol.ts'
import { PLAIN_PIN } from '../../src/sandbox/pkcs11-token/personalities/plain.ts'
import { RETURN_VALUES as CKR } from '../../src/sandbox/pkcs11-token/return-values.ts'
import { type RunningToken, startToken } from '../../src/sandbox/pkcs11-token/start-token.ts'

function say(path: string, text: string): Promise<ControlReply> {
  return new Promise((resolve, reject) => {
    const socket = connect(path, () => socket.write(text))
    socket.setEncoding('utf8')
    socket.on('data', (reply: string) => {
      socket.end()
      resolve(JSON.parse(reply) as ControlReply)
    })
    socket.on('error', reject)
  })
}

describe('a running token', () => {
  let directory: string
  let token: RunningToken | undefined
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'p11c-'))
  })
  afterEach(async () => {
    await token?.close()
    token = undefined
    await rm(directory, { recursive: true, force: true })
  })
  const start = async (): Promise<RunningToken> => {
    token = await startToken({ directory, personality: { name: 'plain' } })
    return token
  }

  it('answers nonsense on its control socket with an error and goes on', async () => {
    const { control } = await start()
    const nonsense = ['nonsense', '[]', 'null', '{"do":"explode"}', '{"do":"faults"}', '{"do":"faults","faults":["x"]}']
    const more = ['{"do":"insert-token","slot":-1}', '{"do":"remove-token","slot":77}', '{"do":"check-pin","slot":0}']
    for (const line of [...nonsense, ...more]) {
      expect((await say(control.path, `${line}\n`)).error, line).toEqual(expect.any(String))
    }
    expect((await control.statistics()).connections.opened).toBe(0)
  })

  it('checks a PIN for a vendor tool as C_Login does', async () => {
    const { control } = await start()
    const check = async (pin: string) => (await control.request({ do: 'check-pin', slot: 0, pin })).returnValue
    expect(await check(PLAIN_PIN)).toBe(CKR.CKR_OK)
    expect(await check('wrong')).toBe(CKR.CKR_PIN_INCORRECT)
    await control.request({ do: 'tries-left', slot: 0, role: 'user', tries: 0 })
    expect(await check(PLAIN_PIN)).toBe(CKR.CKR_PIN_LOCKED)
  })

  it('shows its sockets to nobody else and removes them at the end', async () => {
    const running = await start()
    const sockets = [running.socketPath, running.control.path]
    for (const path of sockets) expect(statSync(path).mode & 0o777).toBe(0o600)
    await running.close()
    await running.close()
    expect(sockets.filter((path) => existsSync(path))).toEqual([])
  })

  it('begins with the faults of faults.json, and does not begin with a script that cannot be read', async () => {
    await writeFile(join(directory, 'faults.json'), '["C_Sign:before:explode"]')
    await expect(start()).rejects.toThrow('no action "explode"')
    await writeFile(join(directory, 'faults.json'), '["C_Sign:before:drop"]')
    await start()
  })

  it('does not begin where another one listens', async () => {
    await start()
    await expect(startToken({ directory, personality: { name: 'plain' } })).rejects.toMatchObject({
      code: 'sandbox.token',
    })
  })

  it('puts its sockets elsewhere where the path of the directory is too long for them', async () => {
    const deep = join(directory, 'x'.repeat(120))
    await mkdir(deep)
    const running = await startToken({ directory: deep, personality: { name: 'plain' } })
    try {
      expect((await running.control.statistics()).connections.open).toBe(0)
    } finally {
      await running.close()
    }
    expect(existsSync(dirname(running.socketPath))).toBe(false)
  })
})
