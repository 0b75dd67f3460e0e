import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { CallCounts, startHealthServer } from '../../src/broker/health-server.ts'
import { EnrollError } from '../../src/errors.ts'
import { loopbackTlsIdentity } from '../../src/sandbox/certificate-authority/tls-identity.ts'
import { runInside } from '../enrollment/run-inside.ts'
import { type RunningProgram, startProgram } from '../enrollment/running-program.ts'

const textOf = async (url: string): Promise<readonly [number, string]> => {
  const reply = await fetch(url)
  return [reply.status, await reply.text()]
}

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'health-'))
})
afterEach(() => rm(folder, { recursive: true }))

/** With the certificate of the CA that issued its own. */
async function startBroker(port: number): Promise<{ readonly broker: RunningProgram; readonly ca: string }> {
  const { key, certificate, caCertificatePem } = loopbackTlsIdentity()
  await writeFile(join(folder, 'broker.key'), key)
  await writeFile(join(folder, 'broker.pem'), certificate)
  await writeFile(
    join(folder, 'broker.yaml'),
    `listen: 127.0.0.1:${port}\ncertificate: broker.pem\nkey: file:${join(folder, 'broker.key')}\nhosts: []\n`,
  )
  const broker = startProgram(
    ['broker', join(folder, 'broker.yaml'), '--health-port', '0', '--state-directory', join(folder, 'state'), '--json'],
    { NODE_EXTRA_CA_CERTS: '' },
  )
  return { broker, ca: caCertificatePem }
}

it('the broker says that it lives and is ready, and counts its calls, on loopback alone', async () => {
  const { broker, ca } = await startBroker(0)
  try {
    const [line] = await broker.until(/^\{.*"listening".*\}$/m)
    const { url, health } = JSON.parse(line) as { readonly url: string; readonly health: string }
    expect(health).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(await textOf(`${health}/healthz`)).toEqual([200, 'ok\n'])
    expect(await textOf(`${health}/readyz`)).toEqual([200, 'ready\n'])
    expect((await textOf(`${health}/`))[0]).toBe(404)
    const { request } = await import('node:https')
    await new Promise<void>((done, failed) => {
      const call = request(`${url}/v1/host`, { ca, agent: false }, (reply) => {
        reply.resume().once('end', done)
      })
      call.once('error', failed).end()
    })
    await broker.until(/"event":"call"/)
    const [, metrics] = await textOf(`${health}/metrics`)
    expect(metrics).toContain('# TYPE hsm_enroll_broker_calls_total counter\n')
    expect(metrics).toContain(
      'hsm_enroll_broker_calls_total{route="/v1/host",method="GET",status="401",caller="stranger"} 1\n',
    )
  } finally {
    await broker.stop()
  }
})

it('a broker whose port is taken ends, and does not say that it lives', async () => {
  const other = await startHealthServer({
    port: 0,
    ready: async () => undefined,
    metrics: () => new CallCounts().metrics,
  })
  try {
    const { broker } = await startBroker(Number(new URL(other.url).port))
    const end = await broker.ended
    expect(end.code, end.stderr).toBe(2)
    expect(end.stderr).toContain('broker.listen')
  } finally {
    await other.close()
  }
})

it('a broker whose trust anchors cannot be read does not start', async () => {
  const file = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text)
    return join(folder, name)
  }
  const { key, certificate } = loopbackTlsIdentity()
  await file('broker.pem', certificate)
  const own = `file:${await file('broker.key', key)}`
  const settings = await file('broker.yaml', `listen: 127.0.0.1:0\ncertificate: broker.pem\nkey: ${own}\nhosts: []\n`)
  const anchors = await file('roots.pem', 'no certificate')
  const profile = await file('p.yaml', `stateDirectory: ${join(folder, 'state')}\ntrustAnchors: [${anchors}]\n`)
  const end = await runInside(['broker', settings, '--profile', profile, '--json'])
  expect([end.code, end.stdout]).toEqual([2, expect.stringContaining('trust-anchors.unreadable')])
})

it('a broker whose ledger cannot be read is not ready, and says by which code', async () => {
  const health = await startHealthServer({
    port: 0,
    ready: () => Promise.reject(new EnrollError('ledger.damaged', 'it is', { remedy: 'Mend it.' })),
    metrics: () => new CallCounts().metrics,
  })
  try {
    expect(await textOf(`${health.url}/readyz`)).toEqual([503, 'ledger.damaged\n'])
    expect(await textOf(`${health.url}/healthz`)).toEqual([200, 'ok\n'])
  } finally {
    await health.close()
  }
})
