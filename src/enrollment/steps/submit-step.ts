import type { AttestationResult } from '../../attestation/contract/attestation-result.ts'
import { completeOrderForm, hsmTypeOf } from '../order-form.ts'
import { orderOnce } from '../order-once.ts'
import type { Run } from '../run.ts'
import { untilStopped } from '../services.ts'
import { readRequest } from './read-request.ts'

/** Places the order of an enrolment: the profile's form with the run's request and evidence. */
export async function runSubmitStep(run: Run): Promise<void> {
  const { record, services, configuration, folder } = run
  if (record.attestation === undefined || record.spkiSha256 === undefined)
    throw new Error('the run has nothing to order')
  const csr = await readRequest(run)
  const hsmType = hsmTypeOf(configuration)
  const form = completeOrderForm(configuration, {
    hsmType,
    csr,
    attestation: await folder.readArtefact(record.attestation),
    runId: run.id,
    test: record.test,
  })
  const ca = await services.certificateAuthority(configuration)
  const options = untilStopped(services)
  const beside = {
    run: run.id,
    key: { spkiSha256: record.spkiSha256, test: record.test },
    ...(record.certChains === undefined ? {} : { certChains: await folder.readArtefact(record.certChains) }),
    ...(record.keyLocation === undefined ? {} : { keyName: record.keyLocation }),
  }
  await orderOnce(run, {
    form,
    csr,
    endpoint: configuration.text('broker.url') ?? configuration.required('sectigo.endpoint'),
    spkiSha256: record.spkiSha256,
    evidence: {
      hsmType,
      keyAttestation: form.keyAttestation ?? '',
      csrSpkiSha256: record.spkiSha256,
      ...(record.checkResult === undefined
        ? {}
        : {
            verdict: JSON.parse(
              Buffer.from(await folder.readArtefact(record.checkResult)).toString('utf8'),
            ) as AttestationResult,
          }),
    },
    faults: ca.validateOrder(form),
    balance: () => ca.balance(options),
    // No abort signal: once the form is on its way, the answer is waited for.
    send: (attempt) => ca.applyOrder(form, { ...beside, attempt }),
  })
}
