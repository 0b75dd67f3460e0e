import { existsSync } from 'node:fs'
import { allHere } from '../not-run.ts'

/** Programs of other people that sign, stamp and verify parts of a bundle: Debian packages of these names but for the first. */
export const strangersInstalled = (): boolean =>
  allHere(
    (
      [
        ['openssh-client', '/usr/bin/ssh-keygen'],
        ['minisign', '/usr/bin/minisign'],
        ['openssl', '/usr/bin/openssl'],
      ] as const
    )
      .filter(([, file]) => !existsSync(file))
      .map(([name]) => name),
  )
