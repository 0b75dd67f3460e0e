import { readFileSync, statfsSync, statSync } from 'node:fs'

/** `f_type` of statfs(2): linux/magic.h and, for the last four, the headers of the file systems themselves. */
// biome-ignore format: a table
const MAGIC: ReadonlyMap<number, string> = new Map([
  [0x6969,     'NFS'],
  [0x517b,     'SMB'],
  [0xfe534d42, 'SMB'],
  [0xff534d42, 'SMB (CIFS)'],
  [0x5346414f, 'AFS'],
  [0x6b414653, 'AFS'],
  [0x73757245, 'Coda'],
  [0x00c36400, 'Ceph'],
  [0x0bd00bd0, 'Lustre'],
  [0x47504653, 'GPFS'],
  [0x19830326, 'BeeGFS'],
  [0x20030528, 'OrangeFS'],
])

/** All of FUSE has one number; only the type in mountinfo says what it is, and most of them are local. */
const FUSE = 0x65735546
const FUSE_OVER_A_NETWORK =
  /^fuse\.(sshfs|glusterfs|s3fs|goofys|mount-s3|rclone|gcsfuse|blobfuse2?|ceph-fuse|juicefs)$/i

/** The network file system that `folder` is on, by name; undefined for a local one, and where the system does not tell. */
export function networkFileSystem(folder: string): string | undefined {
  try {
    const { type } = statfsSync(folder)
    if (type !== FUSE) return MAGIC.get(type)
    const mounted = mountedType(readFileSync('/proc/self/mountinfo', 'utf8'), statSync(folder).dev)
    return mounted !== undefined && FUSE_OVER_A_NETWORK.test(mounted) ? mounted.slice('fuse.'.length) : undefined
  } catch {
    return undefined
  }
}

/** File system type of the mount with this `st_dev`: fields 3 and, after the hyphen, 1 of proc_pid_mountinfo(5). */
export function mountedType(mountinfo: string, device: number): string | undefined {
  // gnu_dev_major and gnu_dev_minor; what FUSE is given has the major number 0 and 20 bits below.
  const major = Math.floor(device / 256) % 4096
  const minor = (device % 256) + Math.floor(device / 2 ** 20) * 256
  const line = mountinfo.split('\n').find((mount) => mount.split(' ')[2] === `${major}:${minor}`)
  return line?.split(' - ')[1]?.split(' ')[0]
}
