export { sha256Hex } from './primitives/primitives.ts'
