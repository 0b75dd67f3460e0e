import { EXIT } from '../../errors.ts'
import { HSM_TYPES } from '../../hsm-type.ts'
import type { Command } from '../command.ts'
import { configure, PKIX_EVIDENCE_OPTION, TRUST_OPTIONS } from '../configure.ts'

export const inspect: Command = {
  command: 'inspect <file..>',
  summary: 'explain a request, certificate, PKCS#7 or attestation in words',
  positionals: { file: { type: 'string', array: true, describe: 'files, - for stdin' } },
  options: {
    ...TRUST_OPTIONS,
    ...PKIX_EVIDENCE_OPTION,
    'cert-chains': { type: 'string', describe: 'certificates that accompany an attestation (Google)' },
    csr: { type: 'string', describe: 'request that the attested key must belong to' },
  },
  run: async (args, context) => {
    const { VERIFIERS } = await import('../../attestation/verifiers.ts')
    const { explain } = await import('../../check/explain/explain.ts')
    const { readCertChains } = await import('../../check/read/chains-input.ts')
    const { explanationText } = await import('../../check/explain/explanation-text.ts')
    const { checkContext } = await import('../../check/configured.ts')
    const { knowledgeInForce } = await import('../../config/knowledge-in-force.ts')
    const { readInput } = await import('../../config/read-input.ts')
    const configuration = await configure(args, context)
    const csr = args.text('csr')
    const chains = args.text('cert-chains')
    const settings = await checkContext(
      configuration,
      {
        now: Date.now(),
        knowledge: await knowledgeInForce(configuration),
        ...(csr === undefined ? {} : { csr: await readInput(csr) }),
        ...(chains === undefined ? {} : { certChains: readCertChains(await readInput(chains)) }),
      },
      readInput,
    )
    const withChains = HSM_TYPES.filter((hsmType) => VERIFIERS[hsmType].uses.includes('certChains'))
    const by = { ...settings, pkixEvidence: args.flag('pkix-evidence') }
    let chainsUsed = false
    for (const file of args.list('file')) {
      const explanation = explain(await readInput(file), by)
      if (withChains.some((hsmType) => hsmType === explanation.hsmType)) chainsUsed = true
      if (args.list('file').length === 1)
        context.output.result({ file, ...explanation }, () => explanationText(explanation))
      else context.output.line({ file, ...explanation }, () => `${file}\n${explanationText(explanation)}`)
    }
    if (chains !== undefined && !chainsUsed)
      context.output.warn(
        `--cert-chains was ignored: only ${withChains.join(', ')} evidence comes with separate certificates.`,
      )
    return EXIT.done
  },
}
