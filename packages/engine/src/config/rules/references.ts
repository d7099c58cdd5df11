import { suggest } from '../nearest';
import type { PackageSpec } from '../types';
import type { Rule, RuleContext } from './rule';

/** A runtime lists only extensions that exist. */
export const noUndefinedExtensions: Rule = ({ config, input, error }) => {
  for (const [name, runtime] of Object.entries(config.runtimes)) {
    const written = input.runtimes?.[name]?.extensions ?? [];
    for (const { name: extension } of runtime.extensions) {
      if (Object.hasOwn(config.extensions, extension)) continue;
      const index = written.findIndex((entry) =>
        typeof entry === 'string' ? entry === extension : Object.hasOwn(entry, extension),
      );
      error(index === -1 ? ['runtimes', name, 'packages'] : ['runtimes', name, 'extensions', index], {
        code: 'CONFIG_EXTENSION_UNDEFINED',
        message: `runtime '${name}' uses the extension '${extension}', which is not defined`,
        hint: () => suggest(extension, Object.keys(config.extensions), 'Defined are'),
      });
    }
  }
};

/** So does an extension that needs others. */
export const noUndefinedNestedExtensions: Rule = ({ config, error }) => {
  for (const [name, { extensions }] of Object.entries(config.extensions)) {
    extensions.forEach((extension, index) => {
      if (Object.hasOwn(config.extensions, extension)) return;
      error(['extensions', name, 'extensions', index], {
        code: 'CONFIG_EXTENSION_UNDEFINED',
        message: `extension '${name}' needs the extension '${extension}', which is not defined`,
        hint: () => suggest(extension, Object.keys(config.extensions), 'Defined are'),
      });
    });
  }
};

/** Extensions don't need each other in a circle. */
export const noExtensionCycles: Rule = ({ config, error }) => {
  const done = new Set<string>();
  const visit = (name: string, trail: string[]): void => {
    if (done.has(name) || !Object.hasOwn(config.extensions, name)) return;
    if (trail.includes(name)) {
      const cycle = [...trail.slice(trail.indexOf(name)), name].join(' -> ');
      const message = `extensions need each other in a circle: ${cycle}`;
      error(['extensions', name, 'extensions'], { code: 'CONFIG_EXTENSION_CYCLE', message });
      return;
    }
    for (const next of config.extensions[name]?.extensions ?? []) visit(next, [...trail, name]);
    done.add(name);
  };
  for (const name of Object.keys(config.extensions)) visit(name, []);
};

/** `default_runtime` exists, be it for this target or another. */
export const noUndefinedDefaultRuntime: Rule = ({ config, input, error }) => {
  const name = config.default_runtime;
  const names = Object.keys(input.runtimes ?? config.runtimes);
  if (name === undefined || names.includes(name)) return;
  error(['default_runtime'], {
    code: 'CONFIG_RUNTIME_UNDEFINED',
    message: `default_runtime: ${name} does not match any defined runtime. Available: ${names.join(', ')}`,
    hint: () => suggest(name, names, 'Defined are'),
  });
};

type Packaged = { packages: Record<string, PackageSpec> };

/** `compile:` of a package or a kernel names a section of `sdk.compile`, which has a script. */
export const noUndefinedCompileSections: Rule = (context) => {
  const { config } = context;
  for (const collection of ['extensions', 'runtimes'] as const) {
    for (const [name, { packages }] of Object.entries<Packaged>(config[collection])) {
      for (const [package_, spec] of Object.entries(packages))
        checkPackage([collection, name, 'packages', package_], spec, context);
    }
  }
  for (const [name, kernel] of Object.entries(config.kernel)) {
    if (kernel.kind === 'compiled') checkCompile(['kernel', name, 'compile'], kernel.compile, context);
  }
};

function checkPackage(path: string[], spec: PackageSpec, context: RuleContext): void {
  if (spec.kind === 'compiled') checkCompile([...path, 'compile'], spec.compile, context);
}

function checkCompile(path: string[], name: string, { config, error }: RuleContext): void {
  const { compile } = config.sdk;
  if (!Object.hasOwn(compile, name)) {
    error(path, {
      code: 'CONFIG_COMPILE_UNDEFINED',
      message: `there is no section '${name}' in sdk.compile`,
      hint: () =>
        suggest(name, Object.keys(compile), 'Defined are') ?? `Add sdk.compile.${name} with its compile script.`,
    });
  } else if (compile[name]?.compile === undefined) {
    error(['sdk', 'compile', name], {
      code: 'CONFIG_COMPILE_SCRIPT',
      message: `the section sdk.compile.${name} has no compile script`,
      hint: `Add 'compile: <script>'.`,
    });
  }
}

/** `signing.key` names one of `signing_keys`. */
export const noUndefinedSigningKeys: Rule = ({ config, error }) => {
  for (const [name, { signing }] of Object.entries(config.runtimes)) {
    const key = signing?.key;
    if (key === undefined || Object.hasOwn(config.signing_keys, key)) continue;
    error(['runtimes', name, 'signing', 'key'], {
      code: 'CONFIG_SIGNING_KEY_UNDEFINED',
      message: `the signing key '${key}' is not in signing_keys`,
      hint: () => suggest(key, Object.keys(config.signing_keys), 'Defined are'),
    });
  }
};
