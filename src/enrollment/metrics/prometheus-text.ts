/** A family of Prometheus's text exposition format (version 0.0.4). */
export interface Metric {
  readonly name: string
  readonly help: string
  /** A gauge where it does not say. */
  readonly type?: 'counter'
  readonly samples: readonly {
    readonly labels?: Readonly<Record<string, string | undefined>>
    readonly value: number
  }[]
}

/** A family without a sample is left out: what is not known is absent, never 0. */
export const prometheusText = (metrics: readonly Metric[]): string =>
  metrics
    .filter(({ samples }) => samples.length > 0)
    .map(
      ({ name, help, type = 'gauge', samples }) =>
        `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n${samples
          .map(({ labels = {}, value }) => `${name}${labelText(labels)} ${value}\n`)
          .join('')}`,
    )
    .join('')

function labelText(labels: Readonly<Record<string, string | undefined>>): string {
  const pairs = Object.entries(labels).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}="${escaped(value)}"`],
  )
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`
}

const escaped = (value: string): string => value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
