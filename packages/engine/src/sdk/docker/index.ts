export { createDockerRunner } from './runner';
