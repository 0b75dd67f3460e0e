import { type Device, DeviceError, type DeviceKey, hasFixedPlace, type KeySpec } from '../../../devices/device.ts'
import { writePem } from '../../asn1/pem.ts'
import { VERIFIERS } from '../../attestation/verifiers.ts'
import { keyProfile, requestTemplate } from '../../config/profile.ts'
import { buildCertificationRequest, checkRequestTemplate } from '../../csr/build-certification-request.ts'
import { deviceName } from '../../ledger/fact.ts'
import { sha256Hex } from '../../sha256-hex.ts'
import { guardDevice } from '../guard-device.ts'
import type { Run } from '../run.ts'
import { type Artefact, hasReached, type RunState } from '../run-event.ts'
import { findRunKey, keyRefOf } from './find-run-key.ts'
import { refuseObstacles } from './refuse-obstacles.ts'

/** Everything that needs the device, in one session: key pair, request, attestation. Each part is skipped where the journal has it. */
export async function runDeviceSteps(run: Run, until: RunState = 'attested'): Promise<void> {
  // What the request will say is read before the device is asked for anything: a bad subject must not cost a key.
  const template = hasReached('key-generated', until) ? undefined : requestTemplate(run.configuration)
  if (template !== undefined) await checkRequestTemplate(template)
  const device = await run.services.openDevice(run.configuration, guardDevice(run))
  try {
    const key = await obtainKey(run, device, until)
    if (run.record.state === 'key-generated' && template !== undefined) {
      run.services.observer.step({ step: 'csr', status: 'begin', detail: 'the device signs the certificate request' })
      const request = await buildCertificationRequest(template, key)
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
    if (run.record.state === 'csr-signed' && !hasReached('csr-signed', until)) await attest(run, key)
  } finally {
    await device.close()
  }
}

/** Generates the key, or finds the one that an earlier attempt of this run made. Never makes a second one. */
async function obtainKey(run: Run, device: Device, until: RunState): Promise<DeviceKey> {
  const { record, services } = run
  if (record.state !== 'planned') return findRunKey(record, device)
  const earlier = await findEarlierKey(run, device)
  const key = earlier ?? (await generate(run, device, until))
  const publicKey = await run.folder.writeArtefact('public-key.pem', Buffer.from(writePem('PUBLIC KEY', key.publicKey)))
  await run.log({
    type: 'key-generated',
    location: key.location,
    spkiSha256: sha256Hex(key.publicKey),
    publicKey,
    found: earlier !== undefined,
  })
  services.observer.step({
    step: 'key',
    status: 'done',
    detail: `${earlier === undefined ? 'key generated' : 'the key of this run was on the device already'}: ${key.location}`,
  })
  return key
}

/** The key of this run, where an earlier attempt died between generating and recording. One that asked for none made none. */
async function findEarlierKey({ record }: Run, device: Device): Promise<DeviceKey | undefined> {
  if (record.keyRequested === undefined) return undefined
  if (!hasFixedPlace(device)) return device.findKey(keyRefOf(record))
  const occupant = await device.occupant()
  return occupant === undefined || sha256Hex(occupant.publicKey) === record.keyRequested.occupant ? undefined : occupant
}

async function generate(run: Run, device: Device, until: RunState): Promise<DeviceKey> {
  const { record, configuration, services } = run
  const spec: KeySpec = {
    ...keyProfile(configuration),
    label: record.keyLabel,
    id: Buffer.from(record.keyId, 'hex'),
    replaceKey: configuration.text('key.replaceKey'),
  }
  const { hsmType, serial, uri } = await refuseObstacles(run, device, {
    algorithm: spec.algorithm,
    attests: !hasReached('csr-signed', until),
  })
  const occupant = hasFixedPlace(device) ? await device.occupant() : undefined
  services.observer.step({ step: 'key', status: 'begin', detail: `the device generates a ${spec.algorithm} key pair` })
  await run.log({
    type: 'key-requested',
    device: configuration.required('device.uri'),
    algorithm: spec.algorithm,
    ...(hasFixedPlace(device) ? { occupant: occupant === undefined ? null : sha256Hex(occupant.publicKey) } : {}),
    deviceName: deviceName(hsmType, serial ?? uri),
    place: hasFixedPlace(device) ? device.place : record.keyLabel,
  })
  try {
    return await device.generateKeyPair(spec)
  } catch (error) {
    if (error instanceof DeviceError && error.code === 'key.exists') await run.log({ type: 'key-refused' })
    throw error
  }
}

async function attest(run: Run, key: DeviceKey): Promise<void> {
  run.services.observer.step({ step: 'attestation', status: 'begin', detail: 'the device attests the key' })
  const attestation = await key.attest()
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
