/** What package.json calls `engines.node`: the oldest release of each line that is enough. Kept equal to it by a test. */
export const NODE_ENGINES = '^20.19.0 || >=22.12.0'

/** Whether the program runs on a Node.js of this version (`20.19.0`, without a v). */
export function isSupportedNode(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major === 20 ? minor >= 19 : major === 22 ? minor >= 12 : major > 22
}
