import { DeviceError, hasCertificateStore } from '../../../devices/device.ts'
import { readPem } from '../../asn1/pem.ts'
import { guardDevice } from '../guard-device.ts'
import type { Run } from '../run.ts'
import { findRunKey } from './find-run-key.ts'
import { installIssuers } from './install-issuers.ts'
import { removeReplaced } from './remove-replaced.ts'

/** Puts the issued certificate beside its key, where the device keeps certificates, and reads it back. */
export async function runInstallStep(run: Run): Promise<void> {
  const { record, services, configuration, folder } = run
  if (record.certificate === undefined) throw new Error('the run has no certificate')
  const [certificate] = readPem(Buffer.from(await folder.readArtefact(record.certificate)).toString('latin1'))
  if (certificate === undefined) throw new Error('the certificate artefact contains no PEM')
  services.observer.step({ step: 'install', status: 'begin', detail: 'storing the certificate with its key' })
  const device = await services.openDevice(configuration, guardDevice(run))
  try {
    if (!hasCertificateStore(device)) {
      await removeReplaced(run, device)
      await finish(run, `${folder.path}/${record.certificate.file} (the device keeps no certificates)`)
      return
    }
    const key = await findRunKey(record, device)
    // Where the run replaced a key, or has another certificate by now, what stands there is the replaced one: the same word covers it.
    const replace = configuration.text('key.replaceKey') === key.location || record.previousCertificate !== undefined
    await device.storeCertificate(key, certificate.der, { replace })
    const stored = await device.readCertificate(key)
    if (stored === undefined || Buffer.compare(stored, certificate.der) !== 0) {
      throw new DeviceError('device.protocol', 'Could not read back the certificate that was just stored.', {
        remedy: `Check the device with its vendor's tool, then repeat \`hsm-enroll runs resume ${run.id}\`.`,
      })
    }
    // Before the end of the run, so that a run that dies here deletes it when it is resumed.
    await removeReplaced(run, device)
    await installIssuers(run, device)
    await finish(run, key.location)
  } finally {
    await device.close()
  }
}

async function finish(run: Run, where: string): Promise<void> {
  await run.log({ type: 'installed', where })
  run.services.observer.step({ step: 'install', status: 'done', detail: `certificate at ${where}` })
}
