import { createPublicKey, generateKeyPairSync, type KeyObject, randomUUID, verify } from 'node:crypto'
import type { Answer, ReceivedCall } from '../http/http-double.ts'

const TOKEN_LIFETIME_SECONDS = 3600
/** The library of npm names Google's endpoint as the audience whatever address it calls, that of Go the one of the key file. */
const AUDIENCE = 'https://oauth2.googleapis.com/token'
/** Whom a JWT that takes the place of a token is for (AIP-4111). */
const SERVICE = 'https://cloudkms.googleapis.com/'
const KEY_ID = '0123456789abcdef0123456789abcdef01234567'
const SCOPES = ['https://www.googleapis.com/auth/cloudkms', 'https://www.googleapis.com/auth/cloud-platform']

/** Google's token endpoints: service accounts (RFC 7523), token exchange (RFC 8693), impersonation. */
export class TokenService {
  readonly serviceAccount = 'enrolment@hsm-enroll-sandbox.iam.gserviceaccount.com'
  /** The account that others may act as. */
  readonly impersonated = 'signer@hsm-enroll-sandbox.iam.gserviceaccount.com'
  /** What the outside issuer of a workload identity would have signed. */
  readonly subjectToken = `subject-${randomUUID()}`
  readonly privateKey: string
  readonly #publicKey: KeyObject
  readonly #tokens = new Map<string, string>()
  readonly #audiences = new Set([AUDIENCE])

  constructor() {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
    this.privateKey = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
    this.#publicKey = createPublicKey(publicKey.export({ type: 'spki', format: 'pem' }))
  }

  /** A service account's key file, as the console writes it. */
  keyFile(origin: string): Readonly<Record<string, string>> {
    this.#audiences.add(`${origin}/token`)
    return {
      type: 'service_account',
      project_id: 'hsm-enroll-sandbox',
      private_key_id: KEY_ID,
      private_key: this.privateKey,
      client_email: this.serviceAccount,
      client_id: '100000000000000000001',
      auth_uri: `${origin}/auth`,
      token_uri: `${origin}/token`,
      universe_domain: 'googleapis.com',
    }
  }

  /**
   * Whose token it is; undefined where it is none of ours, or ended. A JWT that a service account signed itself takes the place of a
   * token (AIP-4111): Google's generated clients send one without asking the token endpoint.
   */
  accountOf(call: ReceivedCall): string | undefined {
    const token = call.authorization.replace(/^Bearer /, '')
    return this.#tokens.get(token) ?? (this.#acceptsSelfSigned(token) ? this.serviceAccount : undefined)
  }

  #acceptsSelfSigned(token: string): boolean {
    const claims = this.#verified(token)
    if (claims === undefined) return false
    const { iss, sub, aud, scope } = claims
    const forUs = aud === SERVICE || (aud === undefined && hasScope(scope))
    return iss === this.serviceAccount && sub === this.serviceAccount && forUs && isInTime(claims)
  }

  /** The claims of a JWT that the service account's key signed. */
  #verified(jwt: string): Readonly<Record<string, unknown>> | undefined {
    const [header, payload, signature, more] = jwt.split('.')
    if (header === undefined || payload === undefined || signature === undefined || more !== undefined) return undefined
    const signed = Buffer.from(`${header}.${payload}`)
    if (!verify('sha256', signed, this.#publicKey, Buffer.from(signature, 'base64url'))) return undefined
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString())
    return typeof claims === 'object' && claims !== null ? { ...claims } : undefined
  }

  issue(account: string): string {
    const token = `ya29.${randomUUID()}${randomUUID()}`
    this.#tokens.set(token, account)
    return token
  }

  /** All tokens end at once. */
  expireAll(): void {
    this.#tokens.clear()
  }

  answer(call: ReceivedCall): Answer | undefined {
    switch (call.name) {
      case 'Token':
        return this.#token(String(call.body.assertion))
      case 'ExchangeToken':
        if (call.body.subject_token !== this.subjectToken)
          return refuse('invalid_grant', 'The subject token is not valid.')
        return { status: 200, body: { ...tokenBody(this.issue('workload')), issued_token_type: ACCESS_TOKEN_TYPE } }
      case 'GenerateAccessToken':
        return this.#impersonate(call)
      default:
        return undefined
    }
  }

  #token(assertion: string): Answer {
    const claims = this.#verified(assertion)
    if (claims === undefined) return refuse('invalid_grant', 'Invalid JWT Signature.')
    const { iss, aud, scope } = claims
    if (iss !== this.serviceAccount || !this.#audiences.has(String(aud)) || !hasScope(scope) || !isInTime(claims))
      return refuse('invalid_grant', 'Invalid claims.')
    return { status: 200, body: tokenBody(this.issue(this.serviceAccount)) }
  }

  #impersonate(call: ReceivedCall): Answer {
    if (this.accountOf(call) === undefined)
      return { status: 401, body: { error: { code: 401, status: 'UNAUTHENTICATED', message: 'no token' } } }
    if (call.params.account !== this.impersonated) {
      const message = "Permission 'iam.serviceAccounts.getAccessToken' denied on resource (or it may not exist)."
      return { status: 403, body: { error: { code: 403, status: 'PERMISSION_DENIED', message } } }
    }
    const expireTime = new Date(Date.now() + TOKEN_LIFETIME_SECONDS * 1000).toISOString()
    return { status: 200, body: { accessToken: this.issue(this.impersonated), expireTime } }
  }
}

const hasScope = (scope: unknown): boolean => SCOPES.some((known) => String(scope).split(' ').includes(known))

/** At most an hour, and now. */
function isInTime({ iat, exp }: Readonly<Record<string, unknown>>): boolean {
  const now = Date.now() / 1000
  return typeof iat === 'number' && typeof exp === 'number' && iat <= now + 60 && exp > now && exp - iat <= 3600
}

const ACCESS_TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:access_token'

const tokenBody = (token: string): Record<string, unknown> => ({
  access_token: token,
  expires_in: TOKEN_LIFETIME_SECONDS,
  token_type: 'Bearer',
})

const refuse = (error: string, description: string): Answer => ({
  status: 400,
  body: { error, error_description: description },
})
