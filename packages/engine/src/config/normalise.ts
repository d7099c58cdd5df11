import { isSingleton, liftInline, toNamedForm } from './forms';
import { renameKeys, resolveOverrides, type OverrideContext, type OverrideRules } from './overrides';
import { extension } from './schema/extension';
import { initramfs, kernel, rootfs } from './schema/image';
import { permissions } from './schema/parts';
import { provisionProfile } from './schema/root';
import { runtime } from './schema/runtime';
import { compile, sdk } from './schema/sdk';
import { getMap, mapOf, replaceMaps, EACH, type MapTree, type TreePath, type TreePattern } from './tree';

export const ROOT_ALIASES = { runtime: 'runtimes', provision: 'provision_profiles' };
export const DISTRO_ALIASES = { version: 'release' };

function rules(schema: { shape: object }, options: Omit<OverrideRules, 'keys'> = {}): OverrideRules {
  return { keys: new Set(Object.keys(schema.shape)), ...options };
}

const PACKAGES_ALIASES = { dependencies: 'packages' };

/** The sections that may hold override blocks. */
export const OVERRIDABLE = {
  sdk: { path: ['sdk'], rules: rules(sdk, { aliases: PACKAGES_ALIASES }) },
  compile: { path: ['sdk', 'compile', EACH], rules: rules(compile) },
  extension: { path: ['extensions', EACH], rules: rules(extension, { noMapIn: ['version'] }) },
  provisionProfile: { path: ['provision_profiles', EACH], rules: rules(provisionProfile) },
  runtime: { path: ['runtimes', EACH], rules: rules(runtime, { aliases: PACKAGES_ALIASES }) },
  rootfs: { path: ['rootfs', EACH], rules: rules(rootfs, { ignoresKernel: true }) },
  initramfs: { path: ['initramfs', EACH], rules: rules(initramfs, { ignoresKernel: true }) },
  kernel: { path: ['kernel', EACH], rules: rules(kernel) },
  permissions: { path: ['permissions', EACH], rules: rules(permissions) },
} as const satisfies Record<string, { path: TreePattern; rules: OverrideRules }>;

const KINDS = ['rootfs', 'initramfs', 'kernel', 'permissions'] as const;

export interface Normalised {
  /** In the form of `schema/root.ts`, for this machine. */
  tree: MapTree;
  /** Parts of the file in the same form, as they are with one override block or none; only to be checked. */
  variants: MapTree[];
}

type Step = (root: MapTree) => Normalised;

/** Aliases, override blocks, singleton and inline forms: afterwards each section stands at one place, in one form. */
export function normalise(root: MapTree, context: OverrideContext): Normalised {
  const { diagnostics } = context;
  const overrides = (name: keyof typeof OVERRIDABLE): Step => {
    const { path, rules } = OVERRIDABLE[name];
    return (tree) => overrideStep(tree, path, rules, context);
  };
  const only = (change: (tree: MapTree) => MapTree): Step => {
    return (tree) => ({ tree: change(tree), variants: [] });
  };
  const steps: Step[] = [
    only((tree) => renameKeys(tree, ROOT_ALIASES, diagnostics)),
    only((tree) => replaceMaps(tree, ['distro'], (map) => renameKeys(map, DISTRO_ALIASES, diagnostics))),
    overrides('sdk'),
    overrides('compile'),
    overrides('extension'),
    overrides('provisionProfile'),
    overrides('runtime'),
    ...KINDS.flatMap((kind) => [singletonOverrides(kind, context), only((tree) => namedForm(tree, kind, context))]),
    ...(['rootfs', 'initramfs', 'kernel'] as const).map((kind) =>
      only((tree) => liftInline(tree, { collection: 'runtimes', key: kind }, kind, diagnostics)),
    ),
    overrides('rootfs'),
    overrides('initramfs'),
    overrides('kernel'),
    ...(['rootfs', 'initramfs'] as const).map((kind) =>
      only((tree) => liftInline(tree, { collection: kind, key: 'permissions' }, 'permissions', diagnostics)),
    ),
    overrides('permissions'),
  ];
  let tree = root;
  const variants: MapTree[] = [];
  steps.forEach((step, index) => {
    const result = step(tree);
    tree = result.tree;
    for (const variant of result.variants) {
      variants.push(steps.slice(index + 1).reduce((part, next) => next(part).tree, variant));
    }
  });
  return { tree, variants };
}

function namedForm(tree: MapTree, kind: (typeof KINDS)[number], { diagnostics }: OverrideContext): MapTree {
  return replaceMaps(tree, [kind], (map) => toNamedForm(kind, map, OVERRIDABLE[kind].rules.keys, diagnostics));
}

/** In a map of names, a bare target is a name like any other. */
function singletonOverrides(kind: (typeof KINDS)[number], context: OverrideContext): Step {
  const { rules } = OVERRIDABLE[kind];
  return (tree) => {
    const map = getMap(tree, [kind]);
    if (map === undefined || !isSingleton(map, rules.keys)) return { tree, variants: [] };
    return overrideStep(tree, [kind], rules, context);
  };
}

function overrideStep(root: MapTree, path: TreePattern, rules: OverrideRules, context: OverrideContext): Normalised {
  const variants: MapTree[] = [];
  const tree = replaceMaps(root, path, (section, place) => {
    const resolved = resolveOverrides(section, rules, context);
    for (const variant of resolved.variants) variants.push(onlyAt(root, place, variant));
    return resolved.effective;
  });
  return { tree, variants };
}

/** A tree that holds nothing but this map at this path. */
function onlyAt(root: MapTree, path: TreePath, map: MapTree): MapTree {
  const [step, ...rest] = path;
  if (step === undefined) return map;
  const entry = root.entries.get(String(step));
  if (entry?.value.kind !== 'map') return mapOf([], root);
  return mapOf([{ ...entry, value: onlyAt(entry.value, rest, map) }], root);
}
