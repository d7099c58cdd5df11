export type * from './types';
export { emptyLock, formatLock, lockName, parseLock, readLock, writeLock } from './file';
export { lockDigest, lockSlice, onlyProjects, sliceAnswers, withSlice } from './slice';
export type { LockSlice } from './slice';
export { lockGuard, resolveInto, staleWants, syncLock, updateLock } from './update';
export type { LockContext, LockWant } from './update';
export { sdkInstall } from './sdk-install';
export type { SdkInstallContext } from './sdk-install';
