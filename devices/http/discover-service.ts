import { DeviceError, type DiscoveredDevice, type Discovery } from '../device.ts'
import type { ConnectionSettings } from './connection-settings.ts'

/** A search waits no longer than two seconds. */
const SEARCH_MS = 1900

/**
 * The service that a profile names, if it answers at its address: whatever it answers to nobody, for a search logs in nowhere. `path`:
 * what is asked for. Throws DeviceError `device.aborted`.
 */
export async function discoverService(
  device: Pick<DiscoveredDevice, 'hsmType' | 'uri' | 'vendor' | 'model'>,
  { endpoint, path = '/', connection }: { endpoint: string; path?: string; connection: ConnectionSettings },
  signal?: AbortSignal,
): Promise<Discovery> {
  const { HttpClient } = await import('./http-client.ts')
  const { clientCertificate: _certificate, clientKey: _key, ...plain } = connection
  const http = new HttpClient({ ...plain, timeoutMs: SEARCH_MS, retries: 0 }, { ...(signal && { signal }) })
  try {
    const { status } = await http.send({ method: 'GET', url: new URL(path, endpoint).href, repeatable: true })
    const details = { endpoint: new URL(endpoint).host }
    return { devices: [{ ...device, obstacles: [], details }], trail: [`${endpoint}: answers (HTTP ${status})`] }
  } catch (error) {
    if (!(error instanceof DeviceError) || error.code === 'device.aborted') throw error
    return { devices: [], trail: [`${endpoint}: ${error.message}`] }
  } finally {
    await http.close()
  }
}
