// Draws the imports between rooms, floor by floor, and fails on a circle of rooms, an arrow that leads up or sideways, and a room that
// is in no floor. `npm run house` prints the plan; `--dot` the same for Graphviz; `--quiet` faults alone, as `npm run lint` wants it.
import { dirname } from 'node:path'
import { FAMILIES } from './families.mjs'
import { circlesOf, readImports } from './imports.mjs'

/** From the top floor down. `folder/` is all of it, `folder/*` the files in it but not below; the longest that fits counts. */
const FLOORS = [
  ['src/cli/', 'src/library/', 'src/page/'],
  ['src/ceremony/'],
  ['src/sandbox/', 'src/report/', 'src/broker/'],
  ['src/enrollment/'],
  ['src/broker-client/'],
  ['src/config/', 'src/acme/'],
  ['src/sectigo/', 'src/ledger/', 'src/check/explain/', 'src/bundle/'],
  ['src/check/*'],
  ['src/check/policy/', 'src/check/read/', 'src/check/pkix-evidence/'],
  ['src/attestation/*'],
  FAMILIES.map((family) => `src/attestation/${family}/`),
  ['src/attestation/yubico/'],
  ['src/attestation/verdict.ts'],
  ['src/attestation/certificates/'],
  ['src/attestation/package/'],
  ['src/attestation/contract/'],
  ['src/csr/', 'src/trust-anchors/', 'src/knowledge/'],
  ['src/asn1/', 'src/archive/'],
  ['src/files/', 'devices/open.ts'],
  FAMILIES.map((family) => `devices/${family}/`),
  ['devices/pkcs11/', 'devices/http/'],
  ['devices/lock/'],
  ['src/*'],
  ['src/primitives/'],
  ['devices/*'],
]
/** More than these between the rooms of one house within the house, and they are no rooms any more. */
const MOST_ARROWS = { 'src/attestation/': 80 }

const ROOMS = FLOORS.flat().toSorted((a, b) => b.length - a.length)
const floorOf = (room) => FLOORS.findIndex((rooms) => rooms.includes(room))
const isIn = (file, room) =>
  room.endsWith('/*') ? dirname(file) === room.slice(0, -2) : room.endsWith('/') ? file.startsWith(room) : file === room
const roomOf = (file) => ROOMS.find((room) => isIn(file, room))

const faults = []
/** Room -> room -> the imports. */
const arrows = new Map(ROOMS.map((room) => [room, new Map()]))
for (const { file, isTest, statements, expressions } of readImports().files) {
  if (isTest) continue
  const from = roomOf(file)
  if (from === undefined) faults.push(`${file} is in no room of scripts/house.mjs`)
  for (const { own, to } of [...statements, ...expressions]) {
    const target = own ? roomOf(to) : undefined
    if (from === undefined || target === undefined || target === from) continue
    const imports = arrows.get(from).get(target) ?? []
    arrows.get(from).set(target, [...imports, `${file} -> ${to}`])
  }
}

for (const circle of circlesOf(new Map([...arrows].map(([from, targets]) => [from, [...targets.keys()]]))))
  faults.push(`circle of rooms: ${circle.join(' -> ')}`)
for (const [from, targets] of arrows)
  for (const [to, [first, ...more]] of targets) {
    const up = floorOf(from) - floorOf(to)
    if (up < 0) continue
    faults.push(`${up > 0 ? 'up' : 'sideways'}: ${first}${more.length === 0 ? '' : ` and ${more.length} more`}`)
  }
const counts = Object.entries(MOST_ARROWS).map(([house, most]) => {
  const inside = [...arrows].filter(([room]) => room.startsWith(house))
  const within = inside.flatMap(([, targets]) => [...targets].filter(([to]) => to.startsWith(house)))
  if (within.length > most) faults.push(`${within.length} arrows between the rooms of ${house}, more than ${most}`)
  const imports = within.reduce((sum, [, each]) => sum + each.length, 0)
  return `${house} ${inside.length} rooms, ${within.length} arrows between them (at most ${most}), ${imports} imports`
})

const plain = (room) => (room === 'src/*' ? room : room.replace(/^src\//, '').replace(/\/$/, ''))
function plan() {
  const width = Math.max(...ROOMS.map((room) => plain(room).length))
  const lines = FLOORS.flatMap((rooms, floor) =>
    rooms.map((room, index) => {
      const targets = [...arrows.get(room)].map(([to, imports]) => `${plain(to)} ${imports.length}`)
      const number = index === 0 ? String(FLOORS.length - floor).padStart(2) : '  '
      return `${number}  ${plain(room).padEnd(width)}  ${targets.join(', ')}`.trimEnd()
    }),
  )
  return [...lines, '', ...counts].join('\n')
}
function dot() {
  const floors = FLOORS.map((rooms) => `  { rank=same; ${rooms.map((room) => `"${plain(room)}"`).join('; ')} }`)
  const edges = [...arrows].flatMap(([from, targets]) =>
    [...targets].map(([to, imports]) => `  "${plain(from)}" -> "${plain(to)}" [label=${imports.length}]`),
  )
  return ['digraph house {', '  node [shape=box]', ...floors, ...edges, '}'].join('\n')
}

if (process.argv.includes('--dot')) console.log(dot())
else if (!process.argv.includes('--quiet')) console.log(plan())
for (const fault of faults) console.error(fault)
process.exitCode = faults.length === 0 ? 0 : 1
