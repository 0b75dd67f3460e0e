/** Who the virtual nShield is, and its test secrets. */
export const NSHIELD_SOFTCARD = 'sandbox-softcard'
export const NSHIELD_CARD_SET = 'sandbox-cardset'
export const NSHIELD_PIN = 'softcard-passphrase'
export const NSHIELD_CARD_PIN = 'card-passphrase'
/** No module has this number. */
export const NSHIELD_ESN = '0000-5A4D-B0C5'
