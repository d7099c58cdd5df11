import { dirname } from 'node:path';
import { createProjectGraphAsync } from '@nx/devkit';
import { globSync } from 'tinyglobby';
import type { TaskOutput } from '@nx-avocado/engine/task';

type Options = { outputPath?: unknown } | undefined;

/**
 * The outputs that are there, each with the name of its task as Nx takes it: `dev:build`, `dev:build:qemuarm64`. One that
 * no task writes any more is left out.
 */
export async function findOutputs(root: string): Promise<TaskOutput[]> {
  const names = await taskNames();
  // A manifest that is gone is damage: its directory counts as well.
  const found = globSync(['**/.avocado/*/*/*/*.json', '**/.avocado/*/*/*/*.{tar,raw}'], {
    ...{ cwd: root, dot: true, ignore: ['**/node_modules/**', '**/.nx/**', '**/.tmp-*/**'] },
  });
  return [...new Set(found.map((path) => dirname(path)))].sort().flatMap((path) => {
    const task = names.get(path);
    return task === undefined ? [] : [{ task, path }];
  });
}

/** By output directory. The default machine target needs no configuration. */
async function taskNames(): Promise<Map<string, string>> {
  const { nodes } = await createProjectGraphAsync();
  const names = new Map<string, string>();
  const add = (options: Options, task: string): void => {
    const path = options?.outputPath;
    if (typeof path === 'string' && /(^|[/])\.avocado[/]/.test(path) && !names.has(path)) names.set(path, task);
  };
  for (const [project, { data }] of Object.entries(nodes)) {
    for (const [target, { options, configurations = {} }] of Object.entries(data.targets ?? {})) {
      add(options as Options, `${project}:${target}`);
      for (const [name, values] of Object.entries(configurations)) {
        add(values as Options, `${project}:${target}:${name}`);
      }
    }
  }
  return names;
}
