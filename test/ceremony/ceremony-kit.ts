import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OPTIONS } from '../../devices/yubihsm2/object-type.ts'
import { createCeremonyFolder } from '../../src/ceremony/ceremony-folder.ts'
import type { CeremonyDesk, CeremonyOptions, Tick } from '../../src/ceremony/run-ceremony.ts'
import { scriptTemplate } from '../../src/ceremony/script/script-template.ts'
import { loadConfiguration } from '../../src/config/configuration.ts'
import { createRealServices } from '../../src/enrollment/real-services.ts'
import { EnrollError } from '../../src/errors.ts'
import { type Rehearsal, startRehearsal } from '../../src/sandbox/rehearsal/start-rehearsal.ts'
import { startYubiHsm2Double } from '../../src/sandbox/yubihsm2/double.ts'

export interface CeremonyKit {
  readonly folder: string
  readonly rehearsal: Rehearsal
  readonly options: CeremonyOptions
  /** A new ceremony by the template. */
  begin(): Promise<string>
  close(): Promise<void>
}

/** A ceremony on the double of a YubiHSM 2 that logs every command, as an administrator sets it up before. */
export async function startCeremonyKit(): Promise<CeremonyKit> {
  const folder = await mkdtemp(join(tmpdir(), 'ceremony-'))
  const double = await startYubiHsm2Double()
  const { options: device } = double.device
  const commands = device.get(OPTIONS['command-audit'])
  device.set(OPTIONS['command-audit'], Buffer.from(commands.map((byte, index) => (index % 2 === 0 ? byte : 1))), true)
  const rehearsal = await startRehearsal({ directory: join(folder, 'r'), device: double, algorithm: 'P-256' })
  const configuration = await loadConfiguration({ profile: rehearsal.profile, env: {}, cwd: folder })
  await writeFile(join(folder, 'script.yaml'), scriptTemplate('YUBIHSM2'))
  return {
    folder,
    rehearsal,
    options: {
      configuration,
      services: createRealServices({
        stateDirectory: rehearsal.stateDirectory,
        reading: { env: {} },
        observer: { step: () => undefined },
      }),
      test: false,
      wait: true,
      confirm: async () => true,
      program: 'hsm-enroll test',
      profile: rehearsal.profile,
      env: process.env,
    },
    begin: () => createCeremonyFolder(rehearsal.stateDirectory, join(folder, 'script.yaml'), Date.now()),
    close: async () => {
      await rehearsal.close()
      await rm(folder, { recursive: true })
    },
  }
}

const PEOPLE: Readonly<Record<string, string>> = {
  leader: 'Lena Leader',
  operator: 'Olaf Operator',
  witness: 'Anna Auditor',
}

/** Everybody answers at once. `tick`: what happens at a step, before it is ticked. */
export const desk = (tick: (step: string) => void = () => undefined): CeremonyDesk => ({
  unattended: false,
  show: () => undefined,
  people: async ({ id }) => [{ name: PEOPLE[id] ?? '', ...(id === 'witness' ? { qualification: 'CISA 4711' } : {}) }],
  tick: async ({ id }, [by = '']): Promise<Tick> => {
    tick(id)
    return { by, digressions: [], attachments: [] }
  },
})

export const paused = (): EnrollError => new EnrollError('ceremony.paused', 'paused', { remedy: '' })
