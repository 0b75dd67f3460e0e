import { type Device, DeviceError, hasIssuerStore } from '../../../devices/device.ts'
import { readPem } from '../../asn1/pem.ts'
import { withRemedy } from '../../errors.ts'
import type { Run } from '../run.ts'

/**
 * Keeps the issuers on the device as the certificates there need them: those of the run's certificate, where `install.chain` asks for
 * them, and none that hsm-enroll stored for a certificate that has gone. The certificate is installed already: that its issuers cannot
 * be stored does not undo that. It is said, with what to do.
 */
export async function installIssuers(run: Run, device: Device): Promise<void> {
  const { record, configuration, folder, services } = run
  const asked = configuration.text('install.chain') === 'true'
  const replacing = record.replaces !== undefined || record.previousCertificate !== undefined
  if (!hasIssuerStore(device) || (!asked && !replacing)) return
  try {
    const issuers = asked && record.chain !== undefined ? readPem(latin1(await folder.readArtefact(record.chain))) : []
    const stored = await device.storeIssuers(issuers.map(({ der }) => der))
    const removed = replacing ? await device.removeUnusedIssuers() : 0
    if (stored > 0) services.observer.step({ step: 'install', status: 'done', detail: `issuers stored: ${stored}` })
    if (removed > 0)
      services.observer.step({ step: 'install', status: 'done', detail: `unused issuers removed: ${removed}` })
  } catch (error) {
    if (!(error instanceof DeviceError)) throw error
    const detail = withRemedy(`the issuers are not all as they should be: ${error.message}`, error.remedy)
    services.observer.step({ step: 'install', status: 'waiting', detail })
  }
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
