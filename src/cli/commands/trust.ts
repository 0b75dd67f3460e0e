import { EXIT } from '../../errors.ts'
import type { Command, CommandGroup } from '../command.ts'
import { configure, PROFILE_OPTIONS } from '../configure.ts'

const list: Command = {
  command: 'list',
  summary: 'the vendors’ keys that evidence may end in',
  options: PROFILE_OPTIONS,
  run: async (args, { output, ...context }) => {
    const { configuredTrustAnchors } = await import('../check-with.ts')
    const { trustAnchorExpiry } = await import('../../trust-anchors/trust-anchors.ts')
    const { formatTable } = await import('../table.ts')
    const now = Date.now()
    const configuration = await configure(args, { output, ...context })
    const anchors = (await configuredTrustAnchors(configuration)).map((anchor) => ({
      ...anchor,
      expiry: trustAnchorExpiry(anchor, now),
    }))
    for (const { name, expiry, notAfter } of anchors) {
      if (expiry.status === 'ends-soon')
        output.warn(`${name} ends on ${notAfter}, in ${expiry.daysLeft} days; look for a newer hsm-enroll.`)
      if (expiry.status === 'ended') output.warn(`${name} ended on ${notAfter}.`)
    }
    output.result({ trustAnchors: anchors }, () =>
      formatTable(
        ['FAMILY', 'ROLE', 'NAME', 'SPKI SHA-256', 'UNTIL', 'ORIGIN', 'CHECKED', 'SOURCE'],
        anchors.map((a) => [
          a.hsmTypes.join(','),
          a.role,
          a.name,
          a.spkiSha256.slice(0, 16),
          a.notAfter ?? 'no end',
          a.origin,
          a.checked,
          a.source,
        ]),
      ),
    )
    return EXIT.done
  },
}

export const trust: CommandGroup = { name: 'trust', summary: 'trust anchors', commands: [list] }
