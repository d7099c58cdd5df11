export * from './types';
export * from './apply';
