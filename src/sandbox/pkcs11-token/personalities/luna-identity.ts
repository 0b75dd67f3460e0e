/** Who the virtual Luna partition is, and its test secrets. */
export const LUNA_PIN = 'crypto-officer-1'
export const LUNA_SO_PIN = 'partition-so-1'
export const LUNA_CRYPTO_USER_PIN = 'crypto-user-1'
export const LUNA_LABEL = 'sandbox-partition'
/** A partition serial has 13 digits; this one is no real one. */
export const LUNA_SERIAL = '1990000000017'
/** Of the module, as it stands in the confirmations. */
export const LUNA_MODULE_SERIAL = 990_017
