import { concat, u16 } from '../byte-writer.ts'
import type { Command } from '../session.ts'

/** The attesting key that every device leaves the factory with; its certificate is opaque object 0. */
export const FACTORY_KEY = 0

/** The device's statement on key `id`, signed by `attestingId`: an X.509 certificate, DER. Ed25519 keys cannot be attested. */
export const signAttestationCertificate: Command<{ readonly id: number; readonly attestingId: number }, Buffer> = {
  name: 'sign attestation certificate',
  repeatable: true,
  encode: ({ id, attestingId }) => concat(u16(id), u16(attestingId)),
  decode: (reply, short) => {
    if (reply.length === 0) throw short()
    return reply
  },
}
