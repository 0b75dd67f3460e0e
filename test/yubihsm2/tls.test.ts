import { generateKeyPairSync } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { request as httpRequest } from 'node:http'
import { createServer, type Server } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { sequence, tlv } from '../../src/asn1/der-writer.ts'
import { parseNameText } from '../../src/asn1/name.ts'
import { writePem } from '../../src/asn1/pem.ts'
import { basicConstraints, issueCertificate } from '../../src/sandbox/certificate-issuer.ts'
import { Rig } from './rig.ts'

const rig = new Rig()
let server: Server
let address: string
let folder: string
let caFile: string

/** A TLS front before the connector, as a careful operator has one; its certificate is for 127.0.0.1. */
beforeAll(async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = parseNameText('CN=connector of a test')
  const certificate = issueCertificate({
    subject: name,
    issuer: name,
    spki: publicKey.export({ type: 'spki', format: 'der' }),
    issuerKey: privateKey,
    notBefore: new Date(Date.now() - 3_600_000),
    notAfter: new Date(Date.now() + 3_600_000),
    extensions: [basicConstraints(true), { oid: '2.5.29.17', value: sequence(tlv(0x87, Uint8Array.of(127, 0, 0, 1))) }],
  })
  const cert = writePem('CERTIFICATE', certificate)
  folder = mkdtempSync(join(tmpdir(), 'yubihsm2-tls-'))
  caFile = join(folder, 'ca.pem')
  writeFileSync(caFile, cert)
  const key = privateKey.export({ type: 'pkcs8', format: 'pem' })
  server = createServer({ key, cert }, (request, response) => {
    const onward = httpRequest(
      new URL(request.url ?? '/', rig.double.connectorUrl),
      { method: request.method ?? 'GET' },
      (answer) => {
        response.writeHead(answer.statusCode ?? 500)
        answer.pipe(response)
      },
    )
    request.pipe(onward)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const bound = server.address()
  address = `https://127.0.0.1:${typeof bound === 'object' && bound !== null ? bound.port : 0}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
  rmSync(folder, { recursive: true })
})

it('reaches a connector over HTTPS whose certificate the settings trust', async () => {
  const device = await rig.open({ connectorCaFile: caFile }, undefined, `yubihsm2:connector=${address}`)
  expect((await device.describe()).uri).toContain(address)
  await device.close()
})

it('refuses a certificate that nothing vouches for, before anything is asked or sent', async () => {
  const refused = rig.open({}, undefined, `yubihsm2:connector=${address}`)
  await expect(refused).rejects.toMatchObject({ code: 'device.unreachable' })
  expect(rig.asked).toEqual([])
  expect(rig.double.device.faults.commands).toEqual([])
})

it('refuses it where NODE_TLS_REJECT_UNAUTHORIZED=0 would have it taken', async () => {
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
  try {
    const refused = rig.open({}, undefined, `yubihsm2:connector=${address}`)
    await expect(refused).rejects.toMatchObject({ code: 'device.unreachable' })
  } finally {
    delete process.env.NODE_TLS_REJECT_UNAUTHORIZED
  }
  expect(rig.asked).toEqual([])
  expect(rig.double.device.faults.commands).toEqual([])
})

it('says so where the CA file cannot be read', async () => {
  const refused = rig.open({ connectorCaFile: `${caFile}.none` }, undefined, `yubihsm2:connector=${address}`)
  await expect(refused).rejects.toMatchObject({ code: 'device.settings' })
})
