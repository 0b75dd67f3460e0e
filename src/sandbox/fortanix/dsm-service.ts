import { randomUUID } from 'node:crypto'
import type { Answer, ReceivedCall } from '../http/http-double.ts'
import { AppSessions } from './app-sessions.ts'
import { ApprovalQueue } from './approval-queue.ts'
import {
  ACCOUNT,
  digestOf,
  generateObject,
  importCertificate,
  type SecurityObject,
  signWith,
  verifyWith,
} from './security-objects.ts'

/** Attests one key as the cluster would: base64 certificates in the members of the reply. */
export type AttestKey = (kid: string, spki: Uint8Array) => Record<string, unknown>

/** What each call needs of the app. */
const NEEDED: Readonly<Record<string, string>> = {
  CreateSobject: 'CREATE_SOBJECTS',
  ImportSobject: 'CREATE_SOBJECTS',
  Sign: 'SIGN',
  SignById: 'SIGN',
  Verify: 'VERIFY',
  VerifyById: 'VERIFY',
  DeleteSobject: 'MANAGE',
}

/** The behaviour of a DSM cluster with one account, one group and one app; what is wrong with a request is said in plain text. */
export class DsmService {
  readonly sessions: AppSessions
  readonly approvals = new ApprovalQueue()
  readonly group = randomUUID()
  readonly objects = new Map<string, SecurityObject>()
  /** Permissions of the app in the group. */
  readonly permissions = new Set(['SIGN', 'VERIFY', 'CREATE_SOBJECTS', 'MANAGE'])
  /** Calls behind a quorum policy. */
  readonly quorum = new Set<string>()
  serverMode: 'Sgx' | 'Software' = 'Sgx'
  fipsLevel: number | undefined = 3
  attestationOffered = true
  readonly #attestKey: AttestKey

  constructor(secret: string, attestKey: AttestKey) {
    this.sessions = new AppSessions(secret)
    this.#attestKey = attestKey
  }

  get keys(): readonly SecurityObject[] {
    return [...this.objects.values()].filter(({ privateKey }) => privateKey !== undefined)
  }

  async answer(call: ReceivedCall): Promise<Answer> {
    if (call.name === 'Version') return this.#version()
    if (call.name === 'Authenticate') return this.#authenticate(call)
    if (!this.sessions.has(call)) return { status: 401, body: 'Requires authentication' }
    const needed = NEEDED[call.name]
    if (needed !== undefined && !this.permissions.has(needed)) {
      return { status: 403, body: `App is not authorized: ${needed} is not permitted in the group` }
    }
    if (this.quorum.has(call.name))
      return { status: 403, body: "This operation requires approval by the group's quorum" }
    return this.#carryOut(call)
  }

  #carryOut(call: ReceivedCall): Answer | Promise<Answer> {
    switch (call.name) {
      case 'Refresh':
        return { status: 204 }
      case 'Terminate':
        this.sessions.end(call)
        return { status: 204 }
      case 'GetApp':
        return this.#app(call)
      case 'CreateSobject':
        return this.#create(call.body)
      case 'ImportSobject':
        return this.#import(call.body)
      case 'GetSobject':
        return this.#show(this.#find(call.body), call.query)
      case 'GetSobjectById':
        return this.#show(this.objects.get(call.params.id ?? ''), call.query)
      case 'ListSobjects':
        return this.#list(call)
      case 'DeleteSobject':
        return this.objects.delete(call.params.id ?? '') ? { status: 204 } : NOT_FOUND
      case 'Sign':
        return this.#sign(this.#find(call.body.key), call.body)
      case 'SignById':
        return this.#sign(this.objects.get(call.params.id ?? ''), call.body)
      case 'Digest':
        return { status: 200, body: { digest: digestOf(call.body).toString('base64') } }
      case 'Verify':
        return this.#verify(this.#find(call.body.key), call.body)
      case 'VerifyById':
        return this.#verify(this.objects.get(call.params.id ?? ''), call.body)
      case 'KeyAttestation':
        return this.#attest(call.body)
      default:
        return this.#approval(call)
    }
  }

  #approval(call: ReceivedCall): Answer | Promise<Answer> {
    const id = call.params.id ?? ''
    switch (call.name) {
      case 'ListApprovalRequests':
        return { status: 200, body: this.approvals.list() }
      case 'CreateApprovalRequest':
        return { status: 200, body: this.approvals.create(call.body, this.sessions.appId) }
      case 'GetApprovalRequest': {
        const found = this.approvals.find(id)
        return found === undefined ? NOT_FOUND : { status: 200, body: found }
      }
      default:
        return this.approvals.result(id, async (method, operation, body) => {
          const [, kid] = /^\/crypto\/v1\/keys\/([0-9a-f-]{36})$/.exec(operation) ?? []
          if (method === 'DELETE' && kid !== undefined)
            return this.#carryOut({ ...call, name: 'DeleteSobject', params: { id: kid } })
          const name = operation === '/crypto/v1/sign' ? 'Sign' : operation === '/crypto/v1/keys' ? 'CreateSobject' : ''
          return this.#carryOut({ ...call, name, body })
        })
    }
  }

  #version(): Answer {
    return {
      status: 200,
      body: {
        version: '4.38.2502',
        api_version: 'v1-20170718',
        server_mode: this.serverMode,
        fips_level: this.fipsLevel,
      },
    }
  }

  #authenticate(call: ReceivedCall): Answer {
    const token = this.sessions.logIn(call)
    if (token === undefined) return { status: 401, body: 'Invalid credentials' }
    const { lifetime, appId } = this.sessions
    return {
      status: 200,
      body: { token_type: 'Bearer', expires_in: lifetime, access_token: token, entity_id: appId },
    }
  }

  #app({ params, query }: ReceivedCall): Answer {
    const { appId } = this.sessions
    if (params.id !== appId) return NOT_FOUND
    const permissions = query.group_permissions === 'true'
    const groups = permissions ? { [this.group]: [...this.permissions] } : [this.group]
    return {
      status: 200,
      body: { app_id: appId, acct_id: ACCOUNT, name: 'enrolment', groups, default_group: this.group },
    }
  }

  /** Names are unique within an account. */
  async #create(body: Readonly<Record<string, unknown>>): Promise<Answer> {
    const refused = this.#refuseName(body)
    if (refused !== undefined) return refused
    const object = await generateObject({ group_id: this.group, ...body }, this.sessions.appId)
    if (object === undefined) return { status: 400, body: 'Invalid key type or size' }
    // Generation takes its time: the name may have been taken meanwhile.
    const late = this.#refuseName(body)
    if (late !== undefined) return late
    this.objects.set(object.kid, object)
    return { status: 201, body: object.shown }
  }

  #import(body: Readonly<Record<string, unknown>>): Answer {
    const refused = this.#refuseName(body)
    if (refused !== undefined) return refused
    if (body.obj_type !== 'CERTIFICATE') return { status: 403, body: 'Import of keys is not permitted here' }
    const object = importCertificate({ group_id: this.group, ...body }, this.sessions.appId)
    this.objects.set(object.kid, object)
    return { status: 201, body: object.shown }
  }

  #refuseName({ name, group_id }: Readonly<Record<string, unknown>>): Answer | undefined {
    if (typeof name !== 'string' || name === '') return { status: 400, body: 'Invalid name' }
    if (group_id !== undefined && group_id !== this.group)
      return { status: 403, body: 'App is not a member of the group' }
    const taken = [...this.objects.values()].some(({ shown }) => shown.name === name)
    return taken ? { status: 409, body: 'A security object with this name already exists' } : undefined
  }

  #show(object: SecurityObject | undefined, query: ReceivedCall['query']): Answer {
    return object === undefined ? NOT_FOUND : { status: 200, body: shownTo(query, object) }
  }

  #list({ query }: ReceivedCall): Answer {
    const { name, group_id, obj_type, offset = '0', limit = '1000' } = query
    const wanted = Object.entries({ name, group_id, obj_type }).filter(([, value]) => value !== undefined)
    const found = [...this.objects.values()].filter(({ shown }) =>
      wanted.every(([member, value]) => shown[member] === value),
    )
    const page = found.slice(Number(offset), Number(offset) + Number(limit))
    return { status: 200, body: page.map((object) => shownTo(query, object)) }
  }

  #sign(object: SecurityObject | undefined, body: Readonly<Record<string, unknown>>): Answer {
    if (object?.privateKey === undefined) return NOT_FOUND
    return { status: 200, body: { kid: object.kid, signature: Buffer.from(signWith(object, body)).toString('base64') } }
  }

  #verify(object: SecurityObject | undefined, body: Readonly<Record<string, unknown>>): Answer {
    if (object?.spki === undefined) return NOT_FOUND
    return { status: 200, body: { kid: object.kid, result: verifyWith(object, body) } }
  }

  #attest(body: Readonly<Record<string, unknown>>): Answer {
    const object = this.#find(body.key)
    if (object === undefined) return NOT_FOUND
    if (!this.attestationOffered) return { status: 400, body: 'This cluster cannot attest keys' }
    if (object.spki === undefined || object.shown.origin !== 'FortanixHSM')
      return { status: 400, body: 'The key is not suitable' }
    return { status: 200, body: this.#attestKey(object.kid, object.spki) }
  }

  #find(descriptor: unknown): SecurityObject | undefined {
    if (typeof descriptor !== 'object' || descriptor === null) return undefined
    if ('kid' in descriptor && typeof descriptor.kid === 'string') return this.objects.get(descriptor.kid)
    if (!('name' in descriptor)) return undefined
    return [...this.objects.values()].find(({ shown }) => shown.name === descriptor.name)
  }
}

function shownTo(query: ReceivedCall['query'], { shown, value }: SecurityObject): Record<string, unknown> {
  const { pub_key, ...rest } = shown
  return {
    ...rest,
    ...(query.show_pub_key === 'true' && pub_key !== undefined ? { pub_key } : {}),
    ...(query.show_value === 'true' && value !== undefined ? { value } : {}),
  }
}

const NOT_FOUND: Answer = { status: 404, body: 'Not found' }
