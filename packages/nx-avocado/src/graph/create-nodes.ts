import { createHash } from 'node:crypto';
import { join, posix } from 'node:path';
import type { CreateNodes, CreateNodesResult, ProjectConfiguration } from '@nx/devkit';
import { ResolvedCache, digestOf } from './cache';
import { extensionTargets } from './extension';
import { invalidTargets } from './invalid';
import { resolveFile } from './resolve';
import type { ExtensionSlice, ResolvedFile, ResolvedProject, RuntimeSlice } from './model';
import { projectNames, projectRoot } from './names';
import { overlayState } from './overlay';
import type { OverlayState } from './overlay';
import { normaliseOptions } from './options';
import type { PluginOptions } from './options';
import { release } from './recipe';
import { runtimeTargets } from './runtime';
import type { FileContext } from './sdk-install';
import type { NamedProject } from './target';

/** Cargo.toml files say which crates belong to an extension; they make no projects of their own. */
const glob = '**/{avocado.yaml,Cargo.toml}';

/**
 * avocado.yaml files to Nx projects. All at once, because a project's name depends on the others'. It never throws for
 * what a user wrote in an avocado.yaml: an exception here would stop every Nx command in the workspace.
 */
export const createNodes: CreateNodes = [
  glob,
  async (files, rawOptions, { workspaceRoot }) => {
    const options = normaliseOptions(rawOptions);
    const configFiles = files.filter((file) => posix.basename(file) === 'avocado.yaml').sort();
    const crates = files.filter((file) => posix.basename(file) === 'Cargo.toml').sort();
    const resolved = await resolveAll(configFiles, crates, options, workspaceRoot);
    const overlays = await overlayStates(resolved, workspaceRoot);
    return nodes(configFiles, resolved, options, (slice) => overlays.get(slice) ?? noOverlay);
  },
];

async function resolveAll(
  configFiles: string[],
  crates: string[],
  options: PluginOptions,
  workspaceRoot: string,
): Promise<ResolvedFile[]> {
  const cache = new ResolvedCache(workspaceRoot);
  const manifests = crates.map((path) => [path, digestOf(join(workspaceRoot, path))]);
  const key = createHash('sha256').update(JSON.stringify({ release, options, manifests })).digest('hex');
  const all: ResolvedFile[] = [];
  for (const file of configFiles) {
    let found = cache.get(file, key);
    if (!found) {
      const { resolved, reads } = await resolveFile(file, crates, options, workspaceRoot);
      cache.set(file, key, resolved, reads);
      found = resolved;
    }
    all.push(found);
  }
  cache.write();
  return all;
}

const noOverlay: OverlayState = { executables: [], links: {} };

async function overlayStates(
  resolved: ResolvedFile[],
  workspaceRoot: string,
): Promise<Map<ExtensionSlice, OverlayState>> {
  const states = new Map<ExtensionSlice, OverlayState>();
  for (const slice of resolved.flatMap(({ projects }) => projects.flatMap(({ slices }) => Object.values(slices)))) {
    if (slice.kind === 'extension') states.set(slice, await overlayState(workspaceRoot, slice));
  }
  return states;
}

/** Pure: the graph's nodes from what is known of each file. */
export function nodes(
  configFiles: readonly string[],
  resolved: readonly ResolvedFile[],
  options: PluginOptions,
  overlayOf: FileContext['overlayOf'],
): [string, CreateNodesResult][] {
  const items = resolved.flatMap(({ projects }, index) =>
    projects.map((project) => ({ ...project, folder: posix.dirname(configFiles[index] ?? '') })),
  );
  const names = projectNames(items);
  let offset = 0;
  return resolved.map((file, index) => {
    const configFile = configFiles[index] ?? '';
    const siblings = items.slice(offset, offset + file.projects.length);
    const named = siblings.map((item, position): NamedProject => ({
      project: names[offset + position] ?? item.name,
      root: projectRoot(item, siblings),
    }));
    offset += file.projects.length;
    const context = { configFile, options, projects: named, overlayOf };
    const projects = Object.fromEntries(
      file.projects.map((project, position) => {
        const owner = named[position] ?? { project: project.name, root: '' };
        return [owner.root, projectNode(project, owner, file, context)];
      }),
    );
    return [configFile, { projects }];
  });
}

function projectNode(
  project: ResolvedProject,
  owner: NamedProject,
  file: ResolvedFile,
  context: FileContext,
): Omit<ProjectConfiguration, 'root'> {
  const { kind, name, slices } = project;
  const error = file.error ?? project.error;
  return {
    name: owner.project,
    projectType: 'application',
    metadata: {
      technologies: ['avocado'],
      description: `The ${kind} ${name} of ${context.configFile}`,
    },
    targets:
      error !== undefined
        ? invalidTargets(owner, kind, error)
        : kind === 'extension'
          ? extensionTargets(owner, slices as Record<string, ExtensionSlice>, context)
          : runtimeTargets(owner, slices as Record<string, RuntimeSlice>, context),
  };
}
