import { timingSafeEqual } from 'node:crypto'
import { Refused } from './refusal.ts'
import { parameter, type Rehearsal } from './rehearsal.ts'

const same = (a: string, b: string): boolean => {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}

/** Both values are case-sensitive. Throws Refused (-16). */
export function checkLogin(form: ReadonlyMap<string, string>, { account }: Rehearsal): void {
  const name = parameter(form, 'loginName') ?? ''
  const password = parameter(form, 'loginPassword') ?? ''
  if (!same(name, account.loginName) || !same(password, account.loginPassword)) {
    throw new Refused(
      -16,
      'Incorrect login details, account is locked, password has expired or your source IP is blocked.',
    )
  }
}
