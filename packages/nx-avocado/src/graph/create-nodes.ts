import { posix } from 'node:path';
import type { CreateNodes, CreateNodesResult, ProjectConfiguration, TargetConfiguration } from '@nx/devkit';
import { format } from './cache';
import { compose } from './compose';
import type { Composition } from './compose';
import { extensionTargets } from './extension';
import { invalidTargets } from './invalid';
import { resolveAll } from './resolve-all';
import type { ExtensionSlice, ResolvedFile, ResolvedProject, RuntimeSlice } from './model';
import { possibleNames, projectNames, projectRoot } from './names';
import { KeptNodes, nodesKey } from './kept-nodes';
import { isNxProjectFile, memberFiles, otherNames } from './other-names';
import { overlayOf, overlayState } from './overlay';
import type { OverlayState } from './overlay';
import { normaliseOptions } from './options';
import { isGenerated } from './reads';
import type { PluginOptions } from './options';
import { release } from './recipe';
import { runtimeTargets } from './runtime';
import { refusals } from './refused';
import type { FileContext } from './sdk-install';
import type { NamedProject } from './target';
import { OverlayTrees } from './tree-modes';

/**
 * Cargo.toml files say which crates belong to an extension; they make no projects of their own. Those of Nx's own
 * projects say which names are taken.
 */
const glob = '**/{avocado.yaml,Cargo.toml,project.json,package.json}';

/**
 * avocado.yaml files to Nx projects. All at once, because a project's name depends on the others'. It never throws for
 * what a user wrote in an avocado.yaml: an exception here would stop every Nx command in the workspace.
 */
export const createNodes: CreateNodes = [
  glob,
  async (files, rawOptions, { workspaceRoot }) => {
    const options = normaliseOptions(rawOptions);
    const named = (name: string): string[] =>
      files.filter((file) => posix.basename(file) === name && !isGenerated(file)).sort();
    const configFiles = named('avocado.yaml');
    const crates = named('Cargo.toml');
    if (configFiles.length === 0) return [];
    const others = files.filter(isNxProjectFile);
    const kept = new KeptNodes(workspaceRoot, nodesKey({ format, release, options, configFiles, crates, others }));
    const trees = new OverlayTrees(workspaceRoot);
    const earlier = kept.get(trees);
    if (earlier) {
      trees.write();
      return earlier;
    }
    const { resolved, read, reads } = await resolveAll(configFiles, crates, options, workspaceRoot);
    const overlays = await overlayStates(resolved, workspaceRoot, trees);
    trees.write();
    const taken = (wanted: ReadonlySet<string>) => otherNames(others, wanted, workspaceRoot);
    const made = await nodes(configFiles, resolved, options, (slice) => overlays.get(slice) ?? noOverlay, taken);
    // What files are preprocessed with is read from the files themselves: nobody tells when it changes.
    const isKnown = ![...overlays.values()].some(({ preprocessValues }) => preprocessValues);
    if (read.length === 0 && isKnown) kept.set(made, reads, [...others, ...crates, ...memberFiles], trees);
    return made;
  },
];

const noOverlay: OverlayState = { executables: [], unhashed: {} };

async function overlayStates(
  resolved: ResolvedFile[],
  workspaceRoot: string,
  trees: OverlayTrees,
): Promise<Map<ExtensionSlice | RuntimeSlice, OverlayState>> {
  const states = new Map<ExtensionSlice | RuntimeSlice, OverlayState>();
  for (const slice of resolved.flatMap(({ projects }) => projects.flatMap(({ slices }) => Object.values(slices)))) {
    if (overlayOf(slice)) states.set(slice, await overlayState(workspaceRoot, slice, trees));
  }
  return states;
}

/**
 * Pure but for `taken`: the graph's nodes from what is known of each file.
 * @param taken which of these names other projects of the workspace have
 */
export async function nodes(
  configFiles: readonly string[],
  resolved: readonly ResolvedFile[],
  options: PluginOptions,
  overlayOf: FileContext['overlayOf'],
  taken: (wanted: ReadonlySet<string>) => Promise<ReadonlySet<string>>,
): Promise<[string, CreateNodesResult][]> {
  const composition = compose(configFiles, resolved);
  const named = await nameProjects(configFiles, resolved, composition, taken);
  return resolved.map((file, index) => {
    const configFile = configFiles[index] ?? '';
    // What stands there is of no interest here: that folder's own project is built.
    const composed = file.projects.flatMap((project) =>
      composition.standIn(project) === project ? [] : project.folder,
    );
    const context: FileContext = {
      ...{ configFile, options, overlayOf },
      reads: file.reads.filter((path) => !composed.includes(posix.dirname(path))),
      projects: file.projects.map((project) => named.get(composition.standIn(project))!),
      runtimeOf: (extension) => {
        const runtime = composition.runtimeOf(extension);
        return runtime && named.get(runtime);
      },
    };
    const own = file.projects.filter((project) => composition.standIn(project) === project);
    const projects = own.map((project) => {
      const owner = named.get(project)!;
      return [owner.root, projectNode(project, owner, context)];
    });
    return [configFile, { projects: Object.fromEntries(projects) as NonNullable<CreateNodesResult['projects']> }];
  });
}

async function nameProjects(
  configFiles: readonly string[],
  resolved: readonly ResolvedFile[],
  composition: Composition,
  taken: (wanted: ReadonlySet<string>) => Promise<ReadonlySet<string>>,
): Promise<Map<ResolvedProject, NamedProject>> {
  const items = resolved.flatMap((file, index) =>
    file.projects
      .filter((project) => composition.standIn(project) === project)
      .map((project) => ({
        ...{ file, project, kind: project.kind, name: project.name },
        folder: posix.dirname(configFiles[index] ?? ''),
      })),
  );
  const names = projectNames(items, await taken(possibleNames(items)));
  const refused = refusals(resolved, composition.standIn);
  return new Map(
    items.map((item, index) => {
      const machine = composition.machineOf(item.file);
      const siblings = item.file.projects.map(({ kind, name }) => ({ kind, name, folder: item.folder }));
      const error = errorOf(item.project, item.file, machine);
      const named: NamedProject = {
        project: names[index] ?? item.name,
        root: projectRoot(item, siblings),
        ...(machine !== undefined && { machine }),
        ...(error !== undefined && { error }),
        refused: refused.get(item.project) ?? {},
      };
      return [item.project, named];
    }),
  );
}

/** Why a project cannot be built for its default machine target. */
function errorOf(project: ResolvedProject, file: ResolvedFile, machine: string | undefined): string | undefined {
  return file.error ?? (machine === undefined ? file.undecided : project.errors[machine]);
}

function projectNode(
  project: ResolvedProject,
  owner: NamedProject,
  context: FileContext,
): Omit<ProjectConfiguration, 'root'> {
  const { kind, name } = project;
  const slices = fromDefault(project.slices, owner.machine);
  const targets =
    owner.error !== undefined && Object.keys(slices).length === 0
      ? invalidTargets(owner, owner.error, project, context)
      : kind === 'extension'
        ? extensionTargets(owner, slices as Record<string, ExtensionSlice>, project, context)
        : runtimeTargets(owner, slices as Record<string, RuntimeSlice>, context);
  return {
    name: owner.project,
    projectType: 'application',
    metadata: {
      technologies: ['avocado'],
      description: `The ${kind} ${name} of ${context.configFile}`,
    },
    ...(kind === 'runtime' && { implicitDependencies: extensionsOf(targets) }),
    targets,
  };
}

/**
 * A runtime's edges, read back from its targets, so that the two cannot disagree. Here and not in createDependencies,
 * for which Nx sends the whole graph to the plugin's process: 0.14 s for 1000 projects.
 */
function extensionsOf({ build }: Record<string, TargetConfiguration>): string[] {
  return (build?.dependsOn ?? []).flatMap((edge) => (typeof edge === 'object' ? (edge.projects ?? []) : []));
}

/** The same with the default machine target first. */
function fromDefault<T>(slices: Record<string, T>, machine: string | undefined): Record<string, T> {
  const first = machine === undefined ? undefined : slices[machine];
  return machine === undefined || first === undefined ? slices : { [machine]: first, ...slices };
}
