import { describe, expect, it } from 'vitest'
import { openKms } from './open-cloud-device.ts'
import { newSpec, withKms } from './with-double.ts'

const kms = withKms()

const INFO = 'type.googleapis.com/google.rpc.ErrorInfo'
const PRECONDITION = 'type.googleapis.com/google.rpc.PreconditionFailure'

interface Refusal {
  readonly status?: number
  readonly name?: string
  readonly message?: string
  readonly reason?: string
  readonly metadata?: Readonly<Record<string, string>>
  readonly violation?: string
}

/** The error reply of Google's APIs (google.rpc.Status in JSON). */
function bodyOf({ status = 403, name = 'PERMISSION_DENIED', message = 'no', reason, metadata, violation }: Refusal) {
  const details = [
    ...(violation === undefined
      ? []
      : [{ '@type': PRECONDITION, violations: [{ type: violation, description: 'x' }] }]),
    ...(reason === undefined ? [] : [{ '@type': INFO, reason, domain: 'googleapis.com', metadata }]),
  ]
  return { error: { code: status, message, status: name, details } }
}

const ORG = 'Request is prohibited by organization’s policy. vpcServiceControlsUniqueIdentifier: VQQnKfXt'
const LOCATION = 'Constraint constraints/gcp.resourceLocations violated for projects/p'
const PRECONDITION_FAILED = { status: 400, name: 'FAILED_PRECONDITION' } as const

const REFUSALS: readonly (readonly [what: string, refusal: Refusal, remedy: RegExp])[] = [
  [
    'the API is switched off',
    {
      reason: 'SERVICE_DISABLED',
      metadata: { service: 'cloudkms.googleapis.com', consumer: 'projects/123' },
    },
    /`gcloud services enable cloudkms\.googleapis\.com --project 123`/,
  ],
  ['no billing', { reason: 'BILLING_DISABLED', metadata: { consumer: 'projects/p-1' } }, /billing projects link p-1/],
  ['a hostile name', { reason: 'BILLING_DISABLED', metadata: { consumer: 'projects/a;rm -rf' } }, /link PROJECT /],
  [
    'a perimeter',
    { reason: 'SECURITY_POLICY_VIOLATED', violation: 'VPC_SERVICE_CONTROLS' },
    /VPC Service Controls perimeter/,
  ],
  ['a perimeter, in words alone', { message: ORG }, /VPC Service Controls perimeter/],
  ['the location', { ...PRECONDITION_FAILED, message: LOCATION }, /constraints\/gcp\.resourceLocations/],
  [
    'another constraint',
    { ...PRECONDITION_FAILED, message: 'x', violation: 'constraints/custom.hsm' },
    /policy of the organization/,
  ],
  ['restricted services', { reason: 'RESOURCE_USAGE_RESTRICTION_VIOLATED' }, /restrictServiceUsage/],
  [
    'the quota project',
    { reason: 'USER_PROJECT_DENIED', metadata: { consumer: 'projects/q' } },
    /serviceusage\.services\.use on q/,
  ],
  ['a suspended project', { reason: 'CONSUMER_SUSPENDED' }, /suspended/],
  ['the scope of the token', { reason: 'ACCESS_TOKEN_SCOPE_INSUFFICIENT' }, /scope/],
]

describe('what Google says chooses the remedy', () => {
  it.each(REFUSALS)('%s', async (_what, refusal, remedy) => {
    const body = bodyOf(refusal)
    kms().http.faults.add({ kind: 'status', status: refusal.status ?? 403, call: 'CreateCryptoKey', body })
    const device = await openKms(kms())
    const error = await device.generateKeyPair(newSpec()).catch((thrown: unknown) => thrown)
    const code = refusal.reason?.startsWith('ACCESS_TOKEN') === true ? 'credential.refused' : 'device.refused'
    expect(error).toMatchObject({ code, remedy: expect.stringMatching(remedy) })
    // Google's own words are kept.
    expect(String(error)).toContain((refusal.message ?? 'no').replace('’', ' ').slice(0, 20))
  })

  it('a permission that is missing is named as before', async () => {
    kms().http.faults.add({
      kind: 'status',
      status: 403,
      call: 'CreateCryptoKey',
      body: bodyOf({ reason: 'IAM_PERMISSION_DENIED', metadata: { permission: 'cloudkms.cryptoKeys.create' } }),
    })
    const device = await openKms(kms())
    await expect(device.generateKeyPair(newSpec())).rejects.toMatchObject({
      remedy: expect.stringContaining('cloudkms.cryptoKeys.create'),
    })
  })

  it('what every call would meet is the one obstacle, and no missing key ring', async () => {
    const body = bodyOf({ reason: 'SERVICE_DISABLED', metadata: { consumer: 'projects/123' } })
    kms().http.faults.add({ kind: 'status', status: 403, times: 99, body, call: 'GetLocation' })
    kms().http.faults.add({ kind: 'status', status: 403, times: 99, body, call: 'TestIamPermissions' })
    kms().http.faults.add({ kind: 'status', status: 403, times: 99, body, call: 'GetKeyRing' })
    const { obstacles } = await (await openKms(kms())).describe()
    expect(obstacles).toMatchObject([{ remedy: expect.stringContaining('gcloud services enable') }])
    kms().http.faults.clear()
  })
})

describe('the token endpoint', () => {
  it.each([
    ['Invalid JWT: Token must be a short-lived token and in a reasonable timeframe. Check your iat and exp', /clock/],
    ['Invalid JWT Signature.', /service account's key is deleted or disabled/],
    ['reauth related error (invalid_rapt)', /Log in again/],
    ['Token has been expired or revoked.', /gcloud auth application-default login/],
  ])('%s', async (description, remedy) => {
    const body = { error: 'invalid_grant', error_description: description }
    kms().http.faults.add({ kind: 'status', status: 400, call: 'Token', times: 9, body })
    const device = await openKms(kms())
    const error = await device.findKey({ label: 'x' }).catch((thrown: unknown) => thrown)
    kms().http.faults.clear()
    expect(error).toMatchObject({ code: 'credential.refused', remedy: expect.stringMatching(remedy) })
    expect(String(error)).toContain(description.slice(0, 30))
  })
})

describe('a version that is PENDING_GENERATION again after it was ENABLED', () => {
  const pending = (): object =>
    bodyOf({ ...PRECONDITION_FAILED, message: 'the version is not enabled, current state is: PENDING_GENERATION.' })

  it('is waited for when its public key is read, and when it signs', async () => {
    kms().http.faults.add({ kind: 'status', status: 400, call: 'GetPublicKey', times: 2, body: pending() })
    const waits: number[] = []
    const device = await openKms(kms(), { waits })
    const key = await device.generateKeyPair(newSpec())
    expect(waits).toEqual(expect.arrayContaining([500, 1000]))
    kms().http.faults.add({ kind: 'status', status: 400, call: 'AsymmetricSign', times: 2, body: pending() })
    expect(await key.sign('SHA-256', Buffer.from('data'))).toBeInstanceOf(Uint8Array)
  })

  it('for good is said to be busy: the run goes on later', async () => {
    kms().http.faults.add({ kind: 'status', status: 400, call: 'GetPublicKey', times: 99, body: pending() })
    const device = await openKms(kms())
    await expect(device.generateKeyPair(newSpec())).rejects.toMatchObject({
      code: 'device.busy',
      transient: true,
      remedy: expect.stringContaining('still generating'),
    })
    kms().http.faults.clear()
  })

  it('is waited for when its attestation is read, and not called unattestable', async () => {
    const key = await (await openKms(kms())).generateKeyPair(newSpec())
    kms().http.faults.add({
      kind: 'alter',
      call: 'GetCryptoKeyVersion',
      times: 2,
      change: (reply) => {
        reply.state = 'PENDING_GENERATION'
        delete reply.attestation
      },
    })
    expect((await key.attest()).hsmType).toBe('MARVELL_GOOGLE')
  })
})
