export { userName } from '../../devices/lock/user-name.ts'
