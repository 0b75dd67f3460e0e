import { expect, it } from 'vitest'
import { daemonWords } from './pcscd.ts'

it('quotes the last lines of the daemon, without colours and times', () => {
  const log = [
    '00000000 \u001b[35mpcscdaemon.c:712:main() pcsc-lite 2.3.3 daemon ready.\u001b[0m',
    '00000312 auth.c:126:IsClientAuthorized() Process 42 (user: 0) is NOT authorized for action: access_pcsc',
    '',
  ].join('\n')
  expect(daemonWords(log)).toBe(
    'pcscdaemon.c:712:main() pcsc-lite 2.3.3 daemon ready. | auth.c:126:IsClientAuthorized() Process 42 (user: 0) is NOT authorized for action: access_pcsc',
  )
})
