/** What a report shows of a ceremony. The log is the evidence; this is for reading. */
export interface CeremonySummary {
  readonly title: string
  readonly unattended: boolean
  readonly ended: boolean
  readonly scriptSha256: string
  readonly people: readonly { readonly role: string; readonly name: string; readonly qualification?: string }[]
  readonly events: readonly {
    /** ISO 8601, UTC. */
    readonly time: string
    readonly kind: 'step' | 'digression' | 'attachment' | 'digest' | 'stopped'
    readonly by?: string
    readonly text: string
  }[]
  /** Names and values: program, package, Node.js, system, clock, module. */
  readonly tool: readonly (readonly [string, string])[]
}
