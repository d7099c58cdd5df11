import * as extensions from './extensions';
import * as images from './images';
import * as project from './project';
import * as references from './references';
import type { Rule } from './rule';
import * as runtimes from './runtimes';

/** Every rule by name. What upstream accepts and real projects use is a warning, never an error. */
export const RULES: Record<string, Rule> = { ...project, ...runtimes, ...extensions, ...references, ...images };
