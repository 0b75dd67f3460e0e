// Loaded with `node --import`: ends the process as a crashing PKCS#11 module does, in C_GetSlotList.
import { createRequire } from 'node:module'

const addon = createRequire(import.meta.url)('pkcs11js')

// pkcs11js puts its calls on each instance.
addon.PKCS11 = class extends addon.PKCS11 {
  constructor() {
    super()
    this.C_GetSlotList = () => process.abort()
  }
}
