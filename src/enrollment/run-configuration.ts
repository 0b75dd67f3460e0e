import { Configuration } from '../config/configuration.ts'
import type { RunRecord } from './run-record.ts'

/** What a run was planned with, and what has replaced single settings since, as a configuration again. */
export function runConfiguration(id: string, settings: RunRecord['settings']): Configuration {
  const origin = `run ${id}`
  return new Configuration(
    new Map(Object.entries(settings).map(([path, value]) => [path, { value, origin, layer: 'run' as const }])),
  )
}
