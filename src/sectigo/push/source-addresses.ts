import { BlockList, isIP } from 'node:net'
import { EnrollError } from '../../errors.ts'

/** secure.trust-provider.net, from where pushes are made (AutoApplyOrder 3.44, section 6). */
export const PUSH_SOURCE = '91.199.212.132'

/** Which peers may push: addresses and CIDR networks. Throws EnrollError (exit 2) where one is neither. */
export function sourceAddresses(entries: readonly string[]): (address: string | undefined) => boolean {
  const list = new BlockList()
  for (const entry of entries) {
    const [address = '', bits, ...rest] = entry.split('/')
    const family = isIP(address)
    const prefix = bits === undefined ? undefined : Number(bits)
    const most = family === 6 ? 128 : 32
    const odd = prefix !== undefined && (!/^\d{1,3}$/.test(bits ?? '') || prefix > most)
    if (family === 0 || odd || rest.length > 0) {
      throw new EnrollError('push.source', `Could not use the source address "${entry}".`, {
        remedy: `Write an IP address or a network, for example ${PUSH_SOURCE} or 192.0.2.0/24.`,
      })
    }
    const name = family === 6 ? 'ipv6' : 'ipv4'
    if (prefix === undefined) list.addAddress(address, name)
    else list.addSubnet(address, prefix, name)
  }
  return (address) => {
    // A dual-stack socket shows IPv4 peers as ::ffff:a.b.c.d.
    const bare = (address ?? '').replace(/^::ffff:(?=\d+\.)/i, '')
    const family = isIP(bare)
    return family !== 0 && list.check(bare, family === 6 ? 'ipv6' : 'ipv4')
  }
}
