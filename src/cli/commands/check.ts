import type { Command } from '../command.ts'
import { PKIX_EVIDENCE_OPTION, TRUST_OPTIONS } from '../configure.ts'
import { JUDGING_OPTIONS } from '../judging-flags.ts'

export const check: Command = {
  command: 'check',
  summary: 'check an attestation (and request) offline, without the device',
  options: {
    ...TRUST_OPTIONS,
    attestation: {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'attestation, - for stdin; further files, or a folder, with what belongs to it, in any order',
    },
    ...JUDGING_OPTIONS,
    ...PKIX_EVIDENCE_OPTION,
    csr: { type: 'string', describe: 'certificate request (PKCS#10) that the attested key must belong to' },
    'public-key': { type: 'string', describe: 'public key (PEM or DER) that the attested key must be' },
    'cert-chains': { type: 'string', describe: 'certificates that accompany the attestation (Google)' },
    'key-name': {
      type: 'string',
      describe: 'the key that the attestation must be for: name of the version (Google), UUID (Fortanix)',
    },
  },
  examples: [['$0 check --attestation chain.pem --csr key.csr', 'before an order is placed']],
  run: async (args, context) => (await import('../judge-files.ts')).judgeFiles(args, context),
}
