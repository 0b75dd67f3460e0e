import type { Attestation, DeviceKey } from '../../../devices/device.ts'
import { writePem } from '../../asn1/pem.ts'
import { VERIFIERS } from '../../attestation/verifiers.ts'
import { requestTemplate } from '../../config/profile.ts'
import { buildCertificationRequest, checkRequestTemplate } from '../../csr/build-certification-request.ts'
import { sha256Hex } from '../../sha256-hex.ts'
import { guardDevice } from '../guard-device.ts'
import type { ReplacementWish } from '../replacing/allow-replacement.ts'
import { attestationWish, withAttestation } from '../request-attestation.ts'
import type { Run } from '../run.ts'
import { type Artefact, hasReached, type RunState } from '../run-event.ts'
import { obtainKey } from './obtain-key.ts'

/** Everything that needs the device, in one session: key pair, request, attestation. Each part is skipped where the journal has it. */
export async function runDeviceSteps(
  run: Run,
  until: RunState = 'attested',
  replacement: ReplacementWish = {},
): Promise<void> {
  // What the request will say is read before the device is asked for anything: a bad subject must not cost a key.
  const template = hasReached('key-generated', until) ? undefined : requestTemplate(run.configuration)
  if (template !== undefined) await checkRequestTemplate(template)
  const wish = template === undefined ? undefined : attestationWish(run.configuration)
  const device = await run.services.openDevice(run.configuration, guardDevice(run))
  try {
    let attestation: Attestation | undefined
    const key = await obtainKey(run, device, until, replacement)
    if (run.record.state === 'key-generated' && template !== undefined) {
      run.services.observer.step({ step: 'csr', status: 'begin', detail: 'the device signs the certificate request' })
      // What the request carries is what the run keeps and orders with, unless it is cut between the two: the key is the same then.
      if (wish !== undefined) attestation = await key.attest()
      const carrying =
        wish === undefined || attestation === undefined ? template : withAttestation(template, wish, attestation)
      const request = await buildCertificationRequest(carrying, key)
      const artefact = await run.folder.writeArtefact(
        'request.csr.pem',
        Buffer.from(writePem('CERTIFICATE REQUEST', request.der)),
      )
      await run.log({ type: 'csr-signed', request: artefact, spkiSha256: sha256Hex(request.spki) })
      run.services.observer.step({
        step: 'csr',
        status: 'done',
        detail: `request signed by the device: ${artefact.file}`,
      })
    }
    if (run.record.state === 'csr-signed' && !hasReached('csr-signed', until)) await attest(run, key, attestation)
  } finally {
    await device.close()
  }
}

async function attest(run: Run, key: DeviceKey, done?: Attestation): Promise<void> {
  run.services.observer.step({ step: 'attestation', status: 'begin', detail: 'the device attests the key' })
  const attestation = done ?? (await key.attest())
  const artefact = await run.folder.writeArtefact(VERIFIERS[attestation.hsmType].packageFile, attestation.package)
  const others: Artefact[] = []
  for (const [file, content] of Object.entries(attestation.artefacts ?? {})) {
    others.push(await run.folder.writeArtefact(`device-${file.replace(/[^\w.-]/g, '_')}`, content))
  }
  const certChains =
    attestation.certChains === undefined
      ? undefined
      : await run.folder.writeArtefact('attestation-chains.pem', attestation.certChains)
  await run.log({
    type: 'attested',
    attestation: artefact,
    ...(certChains === undefined ? {} : { certChains }),
    others,
  })
  run.services.observer.step({ step: 'attestation', status: 'done', detail: `attestation exported: ${artefact.file}` })
}
