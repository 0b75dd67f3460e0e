import type { IssuerStore } from '../device.ts'
import { removeUnusedIssuers, storeIssuers } from './issuer-certificates.ts'
import { Pkcs11Device } from './pkcs11-device.ts'

/** A token with room for any object: an HSM's partition or softcard, unlike the slots of a PIV card. */
export class HsmDevice extends Pkcs11Device implements IssuerStore {
  async storeIssuers(issuers: readonly Uint8Array[]): Promise<number> {
    await this.session.login(this.certificateRole)
    return await storeIssuers(this.session, issuers)
  }

  async removeUnusedIssuers(): Promise<number> {
    await this.session.login(this.certificateRole)
    return removeUnusedIssuers(this.session)
  }
}
