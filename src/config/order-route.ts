import type { Configuration } from './configuration.ts'

/** Is the CA of this configuration an ACME server? What that takes is loaded only then. */
export const isAcme = (configuration: Configuration): boolean => configuration.text('ca') === 'acme'

/** Does this host order through a broker? Then it has no login of its own. */
export const isBrokered = (configuration: Configuration): boolean => configuration.text('broker.url') !== undefined
