/** An ACME server as a run sees a CA: orders with a device at hand, follows them, fetches their certificates. */
import { PemError, readPem } from '../asn1/pem.ts'
import { EnrollError } from '../errors.ts'
import { jsonMember } from '../json-member.ts'
import { once } from '../once.ts'
import type {
  AttestedOrders,
  CallOptions,
  CertificateAuthority,
  Collection,
  OrderProgress,
} from '../sectigo/certificate-authority.ts'
import { AcmeClient, type AcmeClientOptions, addressIn, unreachable } from './acme-client.ts'
import type { AcmeReply } from './acme-reply.ts'
import { attestationAlgorithm } from './attestation-object.ts'
import { type ExternalAccount, externalAccountBinding } from './external-account.ts'
import { inWords, type Pace, placeOrder, statusOf } from './place-order.ts'
import { problemOf, refusalOf } from './problem.ts'

export interface AcmeOptions extends AcmeClientOptions, Pace {
  /** `mailto:` addresses of the account. */
  readonly contact: readonly string[]
  readonly termsAgreed: boolean
  /** For a CA that takes accounts of those alone whom it knows. */
  readonly externalAccount?: ExternalAccount
  readonly now: () => number
}

/** Milliseconds until an order that is being processed is asked for again. */
const POLL = 5000

/** Throws EnrollError `acme.directory`, `sectigo.proxy` where an address cannot be used; nothing is sent before it is used. */
export function createAcmeAuthority(
  options: AcmeOptions,
): CertificateAuthority & { readonly attestedOrders: AttestedOrders } {
  const client = new AcmeClient(options)
  const logIn = once(() => register(client, options))
  const orderAt = async (url: string, { signal }: CallOptions = {}): Promise<AcmeReply> => {
    await logIn()
    const reply = await client.read(url, signal)
    if (reply.status < 300) return reply
    throw new EnrollError('acme.order', `Could not read the order ${url.slice(0, 200)}: ${inWords(reply)}.`, {
      remedy: 'Check that the account key is the one that the order was placed with.',
    })
  }
  const progressOf = async (url: string, call?: CallOptions): Promise<OrderProgress> =>
    inProgress(await orderAt(url, call))
  return {
    validateOrder: () => [],
    applyOrder: async () => ({ kind: 'not-sent', reason: 'an ACME order needs the device', remedy: 'Use `enroll`.' }),
    balance: () =>
      Promise.reject(
        new EnrollError('acme.no-balance', 'An ACME account has no balance.', { remedy: 'Ask the CA about billing.' }),
      ),
    orderProgress: progressOf,
    orderProgressIfDue: progressOf,
    collect: async ({ orderNumber }, call) => collect(client, await orderAt(orderNumber, call), options.now(), call),
    attestedOrders: {
      reach: async (call = {}) => {
        await client.directory(call.signal)
        await logIn()
        return client.directoryUrl
      },
      place: async (order) => {
        attestationAlgorithm(order.signer.publicKey)
        await logIn()
        return placeOrder(client, order, options)
      },
    },
  }
}

/** A new account, or the one that the key has already: the same request, however often it comes (RFC 8555 7.3.1). */
async function register(client: AcmeClient, { contact, termsAgreed, externalAccount }: AcmeOptions): Promise<void> {
  const { newAccount, termsOfService, externalAccountRequired } = await client.directory()
  if (termsOfService !== undefined && !termsAgreed) {
    throw new EnrollError(
      'acme.terms',
      `Could not use the ACME account: its terms are not agreed to (${termsOfService}).`,
      {
        remedy: 'Read them, and set acme.termsOfServiceAgreed to true.',
      },
    )
  }
  if (externalAccountRequired && externalAccount === undefined) throw notBound()
  const payload = {
    ...(contact.length === 0 ? {} : { contact }),
    ...(termsAgreed ? { termsOfServiceAgreed: true } : {}),
    ...(externalAccount === undefined
      ? {}
      : {
          externalAccountBinding: await externalAccountBinding(externalAccount, await client.accountKey(), newAccount),
        }),
  }
  const end = await client.post(newAccount, payload, { again: true, asKey: true })
  if (end.kind !== 'reply') throw unreachable(end)
  if (end.status < 300 && end.location !== undefined) {
    client.account = new URL(end.location, newAccount).href
    return
  }
  const { cause, remedy } = refusalOf(end.status, problemOf(end.json))
  throw new EnrollError('acme.account', `Could not use the ACME account: ${cause} (${inWords(end)}).`, { remedy })
}

const notBound = (): EnrollError =>
  new EnrollError(
    'acme.account',
    'Could not use the ACME account: the server takes accounts alone that are bound to one that it has.',
    {
      remedy:
        'Ask the CA for an identifier and a MAC key, and set acme.externalAccountKeyId and acme.externalAccountKey.',
    },
  )

function inProgress(order: AcmeReply): OrderProgress {
  const status = statusOf(order)
  const error = jsonMember(order.json, 'error')
  switch (status) {
    case 'valid':
      return { state: 'issued', summary: 'the certificate is issued', steps: [] }
    case 'invalid': {
      const { type, detail } = problemOf(error)
      return { state: 'rejected', summary: `the order is invalid: ${type}: ${detail}`, steps: [] }
    }
    case 'processing':
      return { state: 'pending', summary: 'the server is issuing the certificate', steps: [] }
    default:
      return {
        state: 'unknown',
        summary: `the order is ${String(status).slice(0, 40)}: it was not finalised`,
        steps: [],
      }
  }
}

async function collect(client: AcmeClient, order: AcmeReply, now: number, call: CallOptions = {}): Promise<Collection> {
  if (statusOf(order) !== 'valid') return { kind: 'not-yet', message: inProgress(order).summary, nextCall: now + POLL }
  const missing = new EnrollError(
    'acme.unreadable',
    'Could not find the certificate: the order has no address of it.',
    {
      remedy: 'Ask the CA.',
    },
  )
  const reply = await client.read(addressIn(order.json, 'certificate', missing), call.signal)
  if (reply.status >= 300) return { kind: 'refused', refusal: refusalOf(reply.status, problemOf(reply.json)) }
  try {
    const blocks = readPem(Buffer.from(reply.body).toString('latin1')).filter(({ label }) => label === 'CERTIFICATE')
    if (blocks.length > 0) return { kind: 'issued', certificates: blocks.map(({ der }) => der) }
  } catch (error) {
    if (!(error instanceof PemError)) throw error
  }
  throw new EnrollError('acme.unreadable', 'Could not read the certificate that the ACME server sent: it is not PEM.', {
    remedy: 'Continue the run later: the server keeps it.',
  })
}
