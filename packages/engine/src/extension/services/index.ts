export * from './enable';
export * from './find-unit';
export * from './unit-file';
