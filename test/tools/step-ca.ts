/** A real step-ca on loopback: its own root, one ACME provisioner with device-attest-01 in the format `step`. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { parseCertificate } from '../../src/asn1/certificate.ts'
import { parseNameText } from '../../src/asn1/name.ts'
import { writePem } from '../../src/asn1/pem.ts'
import { basicConstraints, issueCertificate } from '../../src/sandbox/certificate-issuer.ts'
import { testKeyPair } from '../../src/sandbox/test-key-pair.ts'
import type { TrustAnchor } from '../../src/trust-anchors/trust-anchor.ts'
import { freePort } from '../free-port.ts'

export interface RunningStepCa {
  readonly directory: string
  /** PEM of its root, for TLS and for the certificates that it issues. */
  readonly caFile: string
  readonly rootCertificate: string
  /** What it has logged. */
  readonly log: readonly string[]
  close(): Promise<void>
}

const YEAR = 365 * 86_400_000
const validity = () => ({ notBefore: new Date(Date.now() - 3_600_000), notAfter: new Date(Date.now() + 10 * YEAR) })

/** `roots`: what attestations must lead to. */
export async function startStepCa(
  program: string,
  folder: string,
  roots: readonly TrustAnchor[],
): Promise<RunningStepCa> {
  await mkdir(folder, { recursive: true })
  const write = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder, name), text, { mode: 0o600 })
    return join(folder, name)
  }
  const [root, issuing] = [testKeyPair('P-256'), testKeyPair('P-256')]
  const [rootName, issuingName] = [parseNameText('CN=rig root'), parseNameText('CN=rig issuing CA')]
  const by = { issuer: rootName, issuerKey: root.privateKey, ...validity() }
  const rootDer = issueCertificate({
    subject: rootName,
    spki: root.spki,
    ...by,
    extensions: [basicConstraints(true, 1)],
  })
  const issuingDer = issueCertificate({
    ...{ subject: issuingName, spki: issuing.spki, ...by },
    extensions: [basicConstraints(true, 0)],
  })
  const caFile = await write('root.pem', writePem('CERTIFICATE', rootDer))
  const port = await freePort()
  const configuration = {
    ...{ root: caFile, crt: await write('issuing.pem', writePem('CERTIFICATE', issuingDer)) },
    key: await write('issuing.key', issuing.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()),
    ...{ address: `127.0.0.1:${port}`, dnsNames: ['127.0.0.1'], logger: { format: 'text' } },
    db: { type: 'badgerv2', dataSource: join(folder, 'db') },
    authority: {
      provisioners: [
        {
          ...{ type: 'ACME', name: 'devices', challenges: ['device-attest-01'], attestationFormats: ['step'] },
          attestationRoots: Buffer.from(roots.map(rootPem).join('')).toString('base64'),
        },
      ],
    },
  }
  const child = spawn(program, [await write('ca.json', JSON.stringify(configuration))], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: folder, STEPPATH: folder },
  })
  const log: string[] = []
  await serving(child, log)
  return {
    ...{ directory: `https://127.0.0.1:${port}/acme/devices/directory`, caFile, log },
    rootCertificate: writePem('CERTIFICATE', rootDer),
    close: async () => {
      const ended = once(child, 'exit')
      child.kill('SIGTERM')
      await ended
    },
  }
}

/** A pool of roots is asked for names and keys; who signed a root is looked at by nobody. */
function rootPem({ subject, spki }: TrustAnchor): string {
  const name = Buffer.from(subject ?? '', 'base64')
  const { privateKey } = testKeyPair('P-256')
  const der = issueCertificate({
    ...{ subject: name, issuer: name },
    ...{ spki: Buffer.from(spki, 'base64'), issuerKey: privateKey, ...validity() },
    extensions: [basicConstraints(true, 2)],
  })
  parseCertificate(der)
  return writePem('CERTIFICATE', der)
}

async function serving(child: ChildProcess, log: string[]): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) throw new Error('no output')
      createInterface(stream).on('line', (line) => {
        log.push(line)
        if (line.includes('Serving HTTPS on')) resolve()
      })
    }
    child.once('exit', () => reject(new Error(`step-ca did not start:\n${log.join('\n')}`)))
  })
}
