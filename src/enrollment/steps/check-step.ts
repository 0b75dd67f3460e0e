import { checkUnder } from '../../check/configured.ts'
import { knowledgeInForce } from '../../config/knowledge-in-force.ts'
import { readInput } from '../../config/read-input.ts'
import { withRemedy } from '../../errors.ts'
import { hsmTypeOf } from '../order-form.ts'
import type { Run } from '../run.ts'
import { readRequest } from './read-request.ts'

/** Judges the evidence as the CA will, before any money moves. Journals the verdict; returns whether an order may be placed. */
export async function runCheckStep(run: Run): Promise<boolean> {
  const { record, services, folder, configuration } = run
  if (record.attestation === undefined) throw new Error('the run has no evidence to check')
  services.observer.step({
    step: 'check',
    status: 'begin',
    detail: 'the attestation is verified to the vendor’s trust anchor',
  })
  const result = await checkUnder(
    configuration,
    {
      hsmType: hsmTypeOf(configuration),
      package: await folder.readArtefact(record.attestation),
      csr: await readRequest(run),
      ...(record.certChains === undefined ? {} : { certChains: await folder.readArtefact(record.certChains) }),
      ...(record.keyLocation === undefined ? {} : { keyName: record.keyLocation }),
      now: services.now(),
      knowledge: await knowledgeInForce(configuration),
    },
    readInput,
  )
  const artefact = await folder.writeArtefact('check.json', Buffer.from(`${JSON.stringify(result, null, 2)}\n`))
  const failed = result.checks.filter((check) => check.status === 'fail')
  if (!result.acceptable) {
    await run.log({ type: 'check-refused', result: artefact, failed: failed.map((check) => check.id) })
    services.observer.step({
      step: 'check',
      status: 'refused',
      detail: failed
        .map(({ id, detail, remedy }) => `${id}: ${remedy === undefined ? detail : withRemedy(detail, remedy)}`)
        .join('\n  '),
    })
    return false
  }
  await run.log({ type: 'checked', result: artefact })
  services.observer.step({
    step: 'check',
    status: 'done',
    detail: `genuine and acceptable, anchored in ${result.trustAnchor?.name ?? 'no anchor'}`,
  })
  return true
}
