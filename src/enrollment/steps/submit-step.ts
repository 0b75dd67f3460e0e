import { createHash } from 'node:crypto'
import { readPem } from '../../asn1/pem.ts'
import { EnrollError } from '../../errors.ts'
import type { CertificateAuthority, OrderOutcome } from '../../sectigo/certificate-authority.ts'
import { completeOrderForm, formDigest, hsmTypeOf } from '../order-form.ts'
import { OrderGuard } from '../order-guard.ts'
import type { Run } from '../run.ts'

/**
 * Places the paid order: claims the key, reads the balance, journals the intent, and only then sends the one POST.
 * Whatever comes back, or does not, is journalled; nothing is ever sent a second time from here.
 */
export async function runSubmitStep(run: Run): Promise<void> {
  const { record, services, configuration, folder } = run
  if (record.request === undefined || record.attestation === undefined || record.spkiSha256 === undefined) {
    throw new Error('the run has nothing to order')
  }
  const [csr] = readPem(Buffer.from(await folder.readArtefact(record.request)).toString('latin1'))
  if (csr === undefined) throw new Error('the request artefact holds no PEM')
  const form = completeOrderForm(configuration, {
    hsmType: hsmTypeOf(configuration),
    csr: csr.der,
    attestation: await folder.readArtefact(record.attestation),
    runId: run.id,
    test: record.test,
  })
  const ca = await services.certificateAuthority(configuration)
  refuseFaultyForm(ca, form)
  const guard = new OrderGuard(services.stateDirectory)
  await guard.claim(record.spkiSha256, record.test, run.id)
  const balanceBefore = await readBalance(ca, services.signal)
  services.observer.step({
    step: 'order',
    status: 'begin',
    detail: `placing the ${record.test ? 'test ' : ''}order with the CA`,
  })
  await run.log({
    type: 'submitting',
    formSha256: formDigest(form),
    csrSha256: createHash('sha256').update(csr.der).digest('hex'),
    spkiSha256: record.spkiSha256,
    endpoint: configuration.required('sectigo.endpoint'),
    test: record.test,
    ...(balanceBefore === undefined ? {} : { balanceBefore }),
  })
  // No abort signal: once the form is on its way, the answer is waited for.
  const outcome = await ca.applyOrder(form)
  await recordOutcome(run, outcome, ca)
  if (outcome.kind === 'rejected' || outcome.kind === 'not-sent')
    await guard.release(record.spkiSha256, record.test, run.id)
}

function refuseFaultyForm(ca: CertificateAuthority, form: Readonly<Record<string, string>>): void {
  const faults = ca.validateOrder(form).filter((fault) => fault.severity === 'fail')
  const [first] = faults
  if (first === undefined) return
  const more =
    faults.length > 1
      ? ` (and ${faults.length - 1} more: ${faults
          .slice(1)
          .map((fault) => fault.parameter)
          .join(', ')})`
      : ''
  throw new EnrollError('order.form', `Could not place the order: ${first.parameter}: ${first.detail}${more}`, {
    remedy: first.remedy,
    exitCode: 1,
  })
}

/** The balance is evidence for later, not a condition: an account that may not read it can still order. */
async function readBalance(ca: CertificateAuthority, signal?: AbortSignal): Promise<string | undefined> {
  try {
    const { amount, currency } = await ca.balance(signal === undefined ? {} : { signal })
    return currency === undefined ? amount : `${amount} ${currency}`
  } catch (error) {
    if (error instanceof EnrollError) return undefined
    throw error
  }
}

async function recordOutcome(run: Run, outcome: OrderOutcome, ca: CertificateAuthority): Promise<void> {
  const { observer } = run.services
  switch (outcome.kind) {
    case 'ordered': {
      const { kind: _, certificateState: __, ...order } = outcome
      await run.log({ type: 'ordered', ...order })
      observer.step({
        step: 'order',
        status: 'done',
        detail: `order ${outcome.orderNumber}${outcome.amount === undefined ? '' : `, charged ${outcome.amount}`}`,
      })
      return
    }
    case 'rejected':
      await run.log({ type: 'rejected', refusal: outcome.refusal })
      observer.step({ step: 'order', status: 'refused', detail: `${outcome.refusal.code}: ${outcome.refusal.message}` })
      return
    case 'not-sent':
      await run.log({ type: 'not-sent', reason: outcome.reason })
      throw new EnrollError('ca.unreachable', `Could not reach the CA: ${outcome.reason}. Nothing was sent.`, {
        remedy: `${outcome.remedy} Then go on with \`hsm-enroll runs resume ${run.id}\`.`,
        exitCode: 4,
      })
    case 'unknown': {
      // Journalled first: the balance is a second request, and this process may not live to see its answer.
      await run.log({ type: 'unknown', reason: outcome.reason })
      const balanceAfter = await readBalance(ca)
      if (balanceAfter !== undefined) await run.log({ type: 'unknown', reason: outcome.reason, balanceAfter })
      observer.step({ step: 'order', status: 'waiting', detail: `outcome unknown: ${outcome.reason}` })
      return
    }
  }
}
