export * from './paths';
export * from './atomic';
export * from './hash';
export * from './lock';
export * from './manifest';
export * from './uuid5';
export * from './running';
