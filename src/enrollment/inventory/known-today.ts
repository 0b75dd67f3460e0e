import { DeviceError } from '../../../devices/device.ts'
import type { AttestationResult } from '../../attestation/contract/attestation-result.ts'
import { checkUnder } from '../../check/configured.ts'
import { knowledgeInForce } from '../../config/knowledge-in-force.ts'
import { readInput } from '../../config/read-input.ts'
import { EnrollError } from '../../errors.ts'
import { hsmTypeOf } from '../order-form.ts'
import { runConfiguration } from '../run-configuration.ts'
import type { Artefact } from '../run-event.ts'
import { RunFolder } from '../run-folder.ts'
import type { InventoryEntry } from './read-inventory.ts'

/** What the evidence of a run is worth on a day, under the tables of that day. */
export interface KnownToday {
  /** Genuine, and acceptable under the policy of the run. */
  readonly acceptable: boolean
  readonly certification?: string
  readonly advisories: readonly { readonly id: string; readonly name: string }[]
  readonly device: AttestationResult['device']
  readonly key?: AttestationResult['attestedKey']
}

/** `fault`: the evidence of the run, or what it is judged by, cannot be read any more. */
export type Reassessment = { readonly known: KnownToday } | { readonly fault: string } | undefined

/** Judges the kept evidence again. Undefined where the run has none. Asks no device and no network. */
export async function knownToday(
  { run, record }: InventoryEntry,
  stateDirectory: string,
  now: number,
): Promise<Reassessment> {
  if (record?.attestation === undefined || !record.device) return undefined
  const folder = RunFolder.at(stateDirectory, run)
  const configuration = runConfiguration(run, record.settings)
  const read = (artefact: Artefact | undefined) => (artefact === undefined ? undefined : folder.readArtefact(artefact))
  try {
    const package_ = await folder.readArtefact(record.attestation)
    const [csr, certChains] = [await read(record.request), await read(record.certChains)]
    const verdict = await checkUnder(
      configuration,
      {
        hsmType: hsmTypeOf(configuration),
        package: package_,
        ...(csr === undefined ? {} : { csr }),
        ...(certChains === undefined ? {} : { certChains }),
        ...(record.keyLocation === undefined ? {} : { keyName: record.keyLocation }),
        now,
        knowledge: await knowledgeInForce(configuration),
      },
      readInput,
    )
    const { acceptable, device, attestedKey, advisories = [] } = verdict
    return {
      known: {
        acceptable,
        device,
        key: attestedKey,
        certification: device.certification?.detail,
        advisories: advisories.map(({ id, name }) => ({ id, name })),
      },
    }
  } catch (error) {
    if (error instanceof EnrollError || error instanceof DeviceError)
      return { fault: `${error.code}: ${error.message}` }
    throw error
  }
}
