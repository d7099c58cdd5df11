import { dirname, resolve } from 'node:path';
import { AvocadoError } from '../error';
import { buildConfig } from './build';
import { argumentSplitter } from './build/sdk';
import { checkRequirement } from './cli-requirement';
import { diagnosticsError } from './diagnostics';
import { listReads, openDocument, type Document, type DocumentOptions, type Reads } from './document';
import type { RawHeader } from './header';
import { Interpolator } from './interpolate';
import { normalise } from './normalise';
import { pickRuntime, resolveBoard, resolveMachine } from './resolve';
import { RULES } from './rules';
import { getNode, offsetOf, type MapTree, type TreePath } from './tree';
import type { AvocadoConfig, Diagnostic } from './types';
import { validate, validateVariant } from './validate';
import { readVersion, resolveProviders, type ProviderContext } from './version-provider';

export interface LoadOptions extends DocumentOptions {
  /** Machine target; see resolveMachine. */
  machine?: string | undefined;
  /** `avocado.target.board`; see resolveBoard. */
  board?: string | undefined;
  /** `avocado.runtime`; see resolveRuntime. */
  runtime?: string | undefined;
  /** Version of the kernel that is built for: makes `kernel-<spec>` blocks count. */
  kernelVersion?: string | undefined;
  /** What `cli_requirement` is compared with. */
  cliVersion?: string | undefined;
}

/** Place of a path of the config, or of the nearest thing that the user wrote. Lines and columns count from 1. */
export type PositionOf = (path: TreePath) => { file: string; line: number; column: number };

export type LoadResult =
  | { config: AvocadoConfig; positionOf: PositionOf; reads: Reads; errors?: undefined }
  | { errors: Diagnostic[]; reads: Reads; config?: undefined };

/**
 * Reads an avocado.yaml for one machine target: parses, interpolates, applies overrides, checks, fills in defaults.
 * Never throws for what is wrong in the file or about it: all errors are returned, in the order of the file.
 */
export function loadConfig(file: string, options: LoadOptions = {}): LoadResult {
  const document = openDocument(file, options);
  const loaded = document.parsed && load(file, document, document.parsed, options);
  const { diagnostics } = document;
  const reads = listReads(document);
  if (loaded === undefined || diagnostics.hasErrors) return { errors: diagnostics.errors, reads };
  const { config, tree } = loaded;
  const positionOf: PositionOf = (path) => diagnostics.position(offsetOf(tree, path));
  return { config: { ...config, warnings: diagnostics.warnings }, positionOf, reads };
}

/**
 * Like `loadConfig`.
 * @throws AvocadoError with the code, place and hint of the first error; its message lists all of them.
 */
export function loadConfigOrThrow(
  file: string,
  options: LoadOptions = {},
): Extract<LoadResult, { positionOf: PositionOf }> {
  const result = loadConfig(file, options);
  if (result.config === undefined) throw diagnosticsError(result.errors);
  return result;
}

interface Parsed {
  root: MapTree;
  header: RawHeader;
}

function load(
  file: string,
  document: Document,
  { root, header }: Parsed,
  options: LoadOptions,
): { config: AvocadoConfig; tree: MapTree } | undefined {
  const { text, diagnostics, env } = document;
  const machine = chooseMachine(document, { root, header }, options);
  if (machine === undefined) {
    // What is wrong whatever the target is still worth telling.
    new Interpolator({ root, env }, text, diagnostics).map(root);
    return undefined;
  }
  const srcDir = resolve(dirname(file), header.src_dir ?? '.');
  const provider: ProviderContext = {
    srcDir,
    readFile: options.readFile,
    onRead: (path) => document.reads.files.add(path),
  };
  const facts = { machine, ...chooseRuntime(document, header, machine, options) };
  const scope = { root, env, ...facts, kernelVersion: options.kernelVersion, readVersion: quietly(provider) };
  const interpolated = new Interpolator(scope, text, diagnostics).map(root);
  const { tree, variants } = normalise(interpolated, {
    machine,
    supported: header.supported_targets,
    kernelVersion: options.kernelVersion,
    diagnostics,
    blocks: { count: 0 },
  });
  checkRequirement(getNode(tree, ['cli_requirement']), options.cliVersion, diagnostics);
  const valid = validate(resolveProviders(tree, provider, diagnostics), diagnostics);
  for (const variant of variants) validateVariant(variant, diagnostics);
  if (valid === undefined) return undefined;

  const offsetAt = (path: TreePath): number => offsetOf(valid.tree, path);
  const config = buildConfig(valid.input, {
    file: resolve(file),
    srcDir,
    machine,
    board: facts.board,
    env,
    split: argumentSplitter(env, diagnostics, offsetAt),
  });
  const context = {
    config,
    ...valid,
    error: (path: TreePath, problem: Parameters<typeof diagnostics.error>[1]) =>
      diagnostics.error(offsetAt(path), problem),
    warn: (path: TreePath, problem: Parameters<typeof diagnostics.warn>[1]) =>
      diagnostics.warn(offsetAt(path), problem),
  };
  for (const rule of Object.values(RULES)) rule(context);
  return { config, tree: valid.tree };
}

function chooseMachine(document: Document, { root, header }: Parsed, options: LoadOptions): string | undefined {
  try {
    return resolveMachine({
      ...header,
      machine: options.machine,
      env: { AVOCADO_TARGET: document.env('AVOCADO_TARGET') },
    });
  } catch (error) {
    if (!(error instanceof AvocadoError)) throw error;
    const key = error.code === 'CONFIG_TARGET_UNSUPPORTED' ? 'supported_targets' : 'default_target';
    document.diagnostics.error(offsetOf(root, [key]), error);
    return undefined;
  }
}

function chooseRuntime(
  { env }: Document,
  header: RawHeader,
  machine: string,
  options: LoadOptions,
): { runtime: string | undefined; board: string } {
  const relevant = header.runtimes.filter(({ target }) => !target || target === machine || target.includes('{{'));
  const asked = options.runtime || env('AVOCADO_RUNTIME');
  const name =
    asked ||
    pickRuntime(
      relevant.map((runtime) => runtime.name),
      header.default_runtime,
    );
  const runtime = relevant.find((candidate) => candidate.name === name);
  const board = resolveBoard({
    board: options.board,
    env: { AVOCADO_TARGET_BOARD: env('AVOCADO_TARGET_BOARD') },
    runtime,
    default_target_board: header.default_target_board,
    machine,
  });
  return { runtime: name, board };
}

/** For `{{ avocado.extensions.x.version }}`: the extension itself reports what is wrong with its provider. */
function quietly(context: ProviderContext): (provider: MapTree) => string | undefined {
  return (provider) => {
    try {
      return readVersion(provider, context);
    } catch {
      return undefined;
    }
  };
}
