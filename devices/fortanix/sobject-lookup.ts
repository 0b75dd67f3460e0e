import { protocolError } from '../http/json-fields.ts'
import type { DsmClient } from './dsm-client.ts'
import { dsmError } from './dsm-error.ts'
import { readSobject, type Sobject } from './sobject.ts'

/** Exactly one of the two (SobjectDescriptor of the API). */
export type SobjectDescriptor = { readonly kid: string } | { readonly name: string }

/** The security object, or undefined where there is none. `value` asks for the content too (certificates only). */
export async function lookUp(
  client: DsmClient,
  descriptor: SobjectDescriptor,
  value: boolean = false,
): Promise<Sobject | undefined> {
  const reply = await client.call({
    method: 'POST',
    path: `/crypto/v1/keys/info?show_pub_key=true${value ? '&show_value=true' : ''}`,
    body: { ...descriptor },
    repeatable: true,
  })
  if (reply.status === 404) return undefined
  if (!reply.ok) throw dsmError('GetSobject', 'look for the key', reply, client.http.redaction)
  const sobject = readSobject(reply.json())
  const asked = 'kid' in descriptor ? sobject.kid === descriptor.kid : sobject.name === descriptor.name
  if (!asked) throw protocolError('DSM returned another security object than the one asked for')
  return sobject
}
