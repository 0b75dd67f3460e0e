/** The folder of each family, in devices, src/attestation and src/sandbox: one of the tables that a new family is entered in. */
export const FAMILIES = ['yubikey', 'yubihsm2', 'luna', 'nshield', 'fortanix', 'marvell-google']
