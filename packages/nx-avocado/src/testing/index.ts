export { boot } from './boot';
export type { BootOptions, SshAddress, TestVm } from './boot';
export type { GuestResult, JournalLine, VmExit, Wait } from '@nx-avocado/engine/qemu';
