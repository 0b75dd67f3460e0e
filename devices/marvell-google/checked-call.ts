import { DeviceError } from '../device.ts'
import { JsonFields } from '../http/json-fields.ts'
import { crc32cText } from './crc32c.ts'
import type { KmsClient, KmsRequest } from './kms-client.ts'

/** Google asks for a limited number of repetitions when a checksum or a name does not fit. */
const ATTEMPTS = 3

/**
 * A call whose reply carries checksums. `check` says what is wrong with a reply, or nothing; a wrong reply is thrown away and
 * the call repeated. Source: the comments on PublicKey, AsymmetricSignRequest and -Response in service.proto.
 * Throws DeviceError `device.protocol` after three wrong replies.
 */
export async function checkedCall<Result extends object>(
  client: KmsClient,
  request: KmsRequest,
  what: string,
  read: (reply: JsonFields) => Result | string,
): Promise<Result> {
  let wrong = ''
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const result = read(new JsonFields(await readOnceGenerated(client, request, what), 'the response from Cloud KMS'))
    if (typeof result !== 'string') return result
    wrong = result
  }
  throw new DeviceError('device.protocol', `Could not ${what}: ${wrong}, ${ATTEMPTS} times over.`, {
    remedy: 'Something between this host and Cloud KMS alters the responses; check the proxy, then resume the run.',
  })
}

/** Milliseconds between two tries. */
const NOT_GENERATED_YET = [500, 1000, 2000, 4000, 4000]

/** A version that was seen ENABLED can be PENDING_GENERATION again for whichever server answers next. */
async function readOnceGenerated(client: KmsClient, request: KmsRequest, what: string): Promise<unknown> {
  for (const wait of NOT_GENERATED_YET) {
    try {
      return await client.read(request, what)
    } catch (error) {
      if (!(error instanceof DeviceError) || error.vendorCode?.endsWith('KEY_PENDING_GENERATION') !== true) throw error
      await client.http.wait(wait)
    }
  }
  return client.read(request, what)
}

/** int64 fields are decimal text in JSON (proto3 JSON mapping). */
export function checksumFits(reply: JsonFields, name: string, data: Uint8Array): boolean {
  return reply.text(name) === crc32cText(data)
}
