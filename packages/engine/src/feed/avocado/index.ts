export { avocadoRequests } from './requests';
export { avocadoSource, connection, connectionVariables, releasever } from './source';
export type { AvocadoSource, Connection } from './source';
export { includeDirectory, openInclude, placeIncludeConfig } from './include';
export { openRpmRoot } from './open';
export type { OpenRpmContext } from './open';
export type { FeedContext } from './run';
export type { RepoSnapshot } from './snapshot';
export { dockerImages } from './docker-images';
