/** What a run ends with. An error's follows from its code, and nothing else picks one. */
export const EXIT = {
  done: 0,
  /** A check refused it; nothing was sent. */
  refused: 1,
  usage: 2,
  device: 3,
  /** The CA refused. */
  ca: 4,
  /** Outcome unknown, a person must look. */
  unknown: 5,
  /** Not issued yet. */
  pending: 6,
  /** `renew` began a renewal, and the CA has its order. */
  begun: 7,
  /** A person must act before anything goes on. */
  person: 8,
  defect: 70,
} as const
/** An exit code of the command line: one of the values of `EXIT`. */
export type ExitCode = (typeof EXIT)[keyof typeof EXIT]
