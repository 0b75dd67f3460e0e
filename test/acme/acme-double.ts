/**
 * An ACME server for tests of what happens when answers are lost: RFC 8555 with device-attest-01, strict in what concerns the client
 * (signatures, nonces used once, addresses), and told what to do to single requests. Whether attestations are judged rightly is not its
 * business: a real step-ca does that in test/interop/step-ca.
 */
import { createHash, createHmac, createPublicKey, type JsonWebKey, randomBytes, verify } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:https'
import { decode } from 'cborg'
import { parseCertificate } from '../../src/asn1/certificate.ts'
import { parseNameText } from '../../src/asn1/name.ts'
import { writePem } from '../../src/asn1/pem.ts'
import { parseCertificationRequest } from '../../src/csr/certification-request.ts'
import { loopbackTlsIdentity } from '../../src/sandbox/certificate-authority/tls-identity.ts'
import { basicConstraints, issueCertificate } from '../../src/sandbox/certificate-issuer.ts'
import { testKeyPair } from '../../src/sandbox/test-key-pair.ts'

export type Step = 'newAccount' | 'newOrder' | 'authorization' | 'challenge' | 'order' | 'finalize' | 'certificate'

/**
 * What becomes of the next request of a step. `lose`: the connection ends before it is looked at; `lose-answer`: after it was carried
 * out; `badNonce`: turned away; `badNonce-after`: carried out, and answered as if it had been turned away, as a proxy that repeats
 * requests brings about; `fail`, `fail-after`: HTTP 500 before or after it was carried out; `gateway`: a proxy gives up, with a page of
 * its own, before it was carried out; `page`, `page-after`: the same with HTTP 200.
 */
export type Fault =
  | 'lose'
  | 'lose-answer'
  | 'badNonce'
  | 'badNonce-after'
  | 'fail'
  | 'fail-after'
  | 'gateway'
  | 'page'
  | 'page-after'

interface Order {
  status: 'pending' | 'ready' | 'valid' | 'invalid'
  challenge: 'pending' | 'valid' | 'invalid'
  readonly token: string
  readonly serial: string
  certificate?: string
}

interface Answer {
  readonly status: number
  readonly body: unknown
  readonly location?: string
}

const problem = (status: number, type: string, detail: string): Answer => ({
  status,
  body: { type: `urn:ietf:params:acme:error:${type}`, detail },
})

export class AcmeDouble {
  readonly orders: Order[] = []
  /** Requests that were carried out, by step. */
  readonly done: Step[] = []
  /** Signed bodies that came more than once. */
  readonly repeated: string[] = []
  readonly #faults = new Map<Step, Fault>()
  readonly #bodies = new Set<string>()
  readonly #nonces = new Set<string>()
  readonly #identity = loopbackTlsIdentity()
  readonly #issuer = testKeyPair('P-256')
  readonly #server = createServer({ key: this.#identity.key, cert: this.#identity.certificate })
  #jwk: JsonWebKey | undefined
  #thumbprint = ''
  #base = ''
  readonly caCertificatePem = this.#identity.caCertificatePem

  /** By identifier: the MAC keys of those who may have an account. Anybody may if there are none. */
  readonly #externalAccounts: Readonly<Record<string, Uint8Array>>

  private constructor(externalAccounts: Readonly<Record<string, Uint8Array>>) {
    this.#externalAccounts = externalAccounts
  }

  static async start(externalAccounts: Readonly<Record<string, Uint8Array>> = {}): Promise<AcmeDouble> {
    const double = new AcmeDouble(externalAccounts)
    double.#server.on('request', (request, response) => {
      const chunks: Buffer[] = []
      request.on('data', (chunk: Buffer) => chunks.push(chunk))
      request.on('end', () => {
        const nonce = randomBytes(16).toString('base64url')
        double.#nonces.add(nonce)
        const answer = double.#answer(request.url ?? '', Buffer.concat(chunks).toString('utf8'))
        if (answer === undefined) return void request.socket.destroy()
        const text = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body)
        const type =
          typeof answer.body === 'string'
            ? 'application/pem-certificate-chain'
            : answer.status < 400
              ? 'application/json'
              : 'application/problem+json'
        response.writeHead(answer.status, {
          ...{ 'replay-nonce': nonce, 'content-type': type, 'content-length': Buffer.byteLength(text) },
          ...(answer.location === undefined ? {} : { location: answer.location }),
        })
        response.end(text)
      })
    })
    double.#server.listen(0, '127.0.0.1')
    await once(double.#server, 'listening')
    const address = double.#server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    double.#base = `https://127.0.0.1:${address.port}`
    return double
  }

  get directory(): string {
    return `${this.#base}/directory`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    this.#server.close()
    await once(this.#server, 'close')
  }

  /** Of the next request of this step. */
  next(step: Step, fault: Fault): void {
    this.#faults.set(step, fault)
  }

  /** What was on its way arrives after all. */
  finaliseLate(order: Order, csr: Uint8Array): void {
    this.#issue(order, csr)
  }

  #answer(path: string, body: string): Answer | undefined {
    if (path === '/directory') {
      const at = (name: string): string => `${this.#base}/${name}`
      const meta = this.#wantsBinding ? { meta: { externalAccountRequired: true } } : {}
      return {
        status: 200,
        body: { newNonce: at('nonce'), newAccount: at('newAccount'), newOrder: at('newOrder'), ...meta },
      }
    }
    if (path === '/nonce') return { status: 200, body: '' }
    const [, name = '', index = ''] = path.split('/')
    const step = name as Step
    const fault = this.#faults.get(step)
    this.#faults.delete(step)
    if (this.#bodies.has(body)) this.repeated.push(step)
    this.#bodies.add(body)
    switch (fault) {
      case 'lose':
        return undefined
      case 'badNonce':
        return problem(400, 'badNonce', 'the nonce is not known')
      case 'fail':
        return problem(500, 'serverInternal', 'the server failed')
      case 'gateway':
        return { status: 504, body: '<html>Gateway Time-out</html>' }
      case 'page':
        return { status: 200, body: '<html>Please log in</html>' }
    }
    const answer = this.#carryOut(step, this.orders[Number(index)], path, body)
    switch (fault) {
      case 'lose-answer':
        return undefined
      case 'badNonce-after':
        return problem(400, 'badNonce', 'the nonce was used')
      case 'page-after':
        return { status: 200, body: '<html>Please log in</html>' }
      case 'fail-after':
        return problem(500, 'serverInternal', 'the server failed')
      default:
        return answer
    }
  }

  #carryOut(step: Step, order: Order | undefined, path: string, body: string): Answer {
    const payload = this.#verified(step, path, body)
    if (payload === undefined) return problem(400, 'malformed', 'the signature, the address or the nonce is wrong')
    if (step === 'newAccount' && this.#wantsBinding && !this.#isBound(payload, path))
      return problem(403, 'unauthorized', 'the account is not bound')
    this.done.push(step)
    if (step === 'newAccount') return { status: 201, body: { status: 'valid' }, location: `${this.#base}/account/0` }
    if (step === 'newOrder') {
      const { identifiers } = payload as { identifiers: [{ type: string; value: string }] }
      const token = randomBytes(16).toString('base64url')
      this.orders.push({ status: 'pending', challenge: 'pending', token, serial: identifiers[0].value })
      return this.#shown(this.orders.length - 1, 201)
    }
    if (order === undefined) return problem(404, 'malformed', 'no such order')
    const index = this.orders.indexOf(order)
    switch (step) {
      case 'authorization': {
        const challenge = { type: 'device-attest-01', url: `${this.#base}/challenge/${index}`, token: order.token }
        return { status: 200, body: { status: 'pending', challenges: [{ type: 'dns-01' }, challenge] } }
      }
      case 'challenge':
        if (payload !== '') this.#judge(order, payload as { attObj: string })
        return {
          status: 200,
          body: {
            status: order.challenge,
            ...(order.challenge === 'invalid'
              ? {
                  error: {
                    type: 'urn:ietf:params:acme:error:badAttestationStatement',
                    detail: 'the attestation is wrong',
                  },
                }
              : {}),
          },
        }
      case 'finalize':
        if (order.status !== 'ready') return problem(403, 'orderNotReady', `the order is ${order.status}`)
        this.#issue(order, Buffer.from((payload as { csr: string }).csr, 'base64url'))
        return this.#shown(index, 200)
      case 'certificate':
        return { status: 200, body: order.certificate ?? '' }
      default:
        return this.#shown(index, 200)
    }
  }

  get #wantsBinding(): boolean {
    return Object.keys(this.#externalAccounts).length > 0
  }

  /** RFC 8555 7.3.4, by its sentences: HS256, an identifier that is known, the same address, no nonce, the account's key as payload. */
  #isBound(payload: unknown, path: string): boolean {
    const { externalAccountBinding: jws } = payload as { externalAccountBinding?: Readonly<Record<string, string>> }
    if (jws === undefined) return false
    const read = (part = '') => JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
    const header = read(jws.protected)
    const key = this.#externalAccounts[header.kid]
    if (key === undefined || header.alg !== 'HS256' || header.url !== this.#base + path || 'nonce' in header)
      return false
    const mac = createHmac('sha256', key).update(`${jws.protected}.${jws.payload}`).digest('base64url')
    return mac === jws.signature && JSON.stringify(read(jws.payload)) === JSON.stringify(this.#jwk)
  }

  /** The payload, '' where there is none; undefined if it is not signed as it must be. */
  #verified(step: Step, path: string, body: string): unknown {
    const jws = JSON.parse(body) as { protected: string; payload: string; signature: string }
    const header = JSON.parse(Buffer.from(jws.protected, 'base64url').toString('utf8'))
    if (step === 'newAccount') {
      this.#jwk = header.jwk
      const { crv, kty, x, y } = header.jwk
      this.#thumbprint = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url')
    } else if (header.kid !== `${this.#base}/account/0` || header.jwk !== undefined) return undefined
    const key = createPublicKey({ key: this.#jwk ?? {}, format: 'jwk' })
    const signed = Buffer.from(`${jws.protected}.${jws.payload}`)
    const proven = verify('sha256', signed, { key, dsaEncoding: 'ieee-p1363' }, Buffer.from(jws.signature, 'base64url'))
    if (!proven || header.alg !== 'ES256' || header.url !== this.#base + path || !this.#nonces.delete(header.nonce))
      return undefined
    return jws.payload === '' ? '' : JSON.parse(Buffer.from(jws.payload, 'base64url').toString('utf8'))
  }

  #judge(order: Order, { attObj }: { readonly attObj: string }): void {
    const { fmt, attStmt } = decode(Buffer.from(attObj, 'base64url'))
    const key = createPublicKey({
      key: Buffer.from(parseCertificate(attStmt.x5c[0]).spki),
      format: 'der',
      type: 'spki',
    })
    const right =
      fmt === 'step' && verify('sha256', Buffer.from(`${order.token}.${this.#thumbprint}`), key, decode(attStmt.sig))
    order.challenge = right ? 'valid' : 'invalid'
    order.status = right ? 'ready' : 'invalid'
  }

  #issue(order: Order, csr: Uint8Array): void {
    const { spki, subject } = parseCertificationRequest(csr)
    const issuer = parseNameText('CN=ACME double')
    const by = {
      issuer,
      issuerKey: this.#issuer.privateKey,
      notBefore: new Date(),
      notAfter: new Date(Date.now() + 86_400_000),
    }
    const chain = [
      issueCertificate({ subject, spki, ...by, extensions: [basicConstraints(false)] }),
      issueCertificate({ subject: issuer, spki: this.#issuer.spki, ...by, extensions: [basicConstraints(true)] }),
    ]
    order.status = 'valid'
    order.certificate = chain.map((der) => writePem('CERTIFICATE', der)).join('')
  }

  #shown(index: number, status: number): Answer {
    const at = (name: string): string => `${this.#base}/${name}/${index}`
    const order = this.orders[index]
    const certificate = order?.status === 'valid' ? { certificate: at('certificate') } : {}
    const body = {
      status: order?.status,
      authorizations: [at('authorization')],
      finalize: at('finalize'),
      ...certificate,
    }
    return { status, body, location: at('order') }
  }
}
