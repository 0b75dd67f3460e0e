// Loaded with `node --import`: ends the process as a crashing PKCS#11 module does, in C_GenerateKeyPair, before or after the device acted.
import { createRequire } from 'node:module'

const addon = createRequire(import.meta.url)('pkcs11js')
const moment = process.env.HSM_ENROLL_TEST_ABORT

// pkcs11js puts its calls on each instance.
addon.PKCS11 = class extends addon.PKCS11 {
  constructor() {
    super()
    const generate = this.C_GenerateKeyPairAsync.bind(this)
    this.C_GenerateKeyPairAsync = (...args) => {
      if (moment === 'before') process.abort()
      return generate(...args).then(() => process.abort())
    }
  }
}
