import type { EnrollmentServices } from '../../src/enrollment/services.ts'

type Authority = EnrollmentServices['certificateAuthority']

/** A CA that says that it was asked for the balance, and waits: the balance is what a broker waits for between request and intent. */
export function heldBalance(of: Authority): {
  readonly certificateAuthority: Authority
  readonly isAsked: Promise<void>
  /** Lets it answer. */
  readonly answer: () => void
} {
  let asked = (): void => undefined
  let answer = (): void => undefined
  const isAsked = new Promise<void>((done) => {
    asked = done
  })
  const mayAnswer = new Promise<void>((done) => {
    answer = done
  })
  const certificateAuthority: Authority = async (configuration) => {
    const ca = await of(configuration)
    const balance: typeof ca.balance = async (...signal) => {
      asked()
      await mayAnswer
      return ca.balance(...signal)
    }
    return { ...ca, balance }
  }
  return { certificateAuthority, isAsked, answer }
}
