import { AvocadoError } from '@nx-avocado/engine/error';

/** The plugin's options in nx.json. They choose what is built with, so they are part of every task's key. */
export interface PluginOptions {
  /** Where packages come from. */
  feed: 'debian' | 'avocado';
  /** What runs commands in the SDK. */
  runner: 'sandbox' | 'docker';
  /** What a pin that the feed no longer has leads to: an error, or the next version and a notice. */
  lock: 'strict' | 'refresh';
  /** Avocado package name to the feed's names, beside and before the feed's own map. */
  packages: Record<string, string[]>;
}

const defaults: PluginOptions = { feed: 'debian', runner: 'sandbox', lock: 'strict', packages: {} };

const choices = {
  feed: ['debian', 'avocado'],
  runner: ['sandbox', 'docker'],
  lock: ['strict', 'refresh'],
} as const;

/**
 * Checks the options without zod: this runs at every start of Nx.
 * @throws AvocadoError `OPTIONS_INVALID`
 */
export function normaliseOptions(options: unknown): PluginOptions {
  if (options === undefined || options === null) return defaults;
  if (!isRecord(options)) throw invalid('must be an object', 'Write for instance { "feed": "debian" }.');
  for (const key of Object.keys(options)) {
    if (!(key in defaults)) throw invalid(`"${key}" is not known`, `Known are ${Object.keys(defaults).join(', ')}.`);
  }
  for (const [key, allowed] of Object.entries(choices)) {
    const value = options[key];
    if (value === undefined) continue;
    if (!(allowed as readonly unknown[]).includes(value)) {
      throw invalid(`"${key}" is ${JSON.stringify(value)}`, `Write one of ${allowed.join(', ')}.`);
    }
  }
  if (options['feed'] === 'avocado' && options['runner'] !== 'docker') {
    throw invalid('the feed "avocado" needs the runner "docker"', 'Its SDK is an image: write "runner": "docker".');
  }
  return { ...defaults, ...(options as Partial<PluginOptions>), packages: packageMap(options['packages']) };
}

function packageMap(value: unknown): Record<string, string[]> {
  if (value === undefined) return {};
  const hint = 'Write "packages": { "<Avocado name>": "<feed name>" } or a list of feed names.';
  if (!isRecord(value)) throw invalid('"packages" must be an object', hint);
  return Object.fromEntries(
    Object.entries(value).map(([name, mapped]) => {
      const list = typeof mapped === 'string' ? [mapped] : mapped;
      if (!Array.isArray(list) || !list.every((item) => typeof item === 'string')) {
        throw invalid(`"packages.${name}" must be a name or a list of names`, hint);
      }
      return [name, list as string[]];
    }),
  );
}

function invalid(what: string, hint: string): AvocadoError {
  return new AvocadoError('OPTIONS_INVALID', `options of the plugin nx-avocado: ${what}`, {
    position: { file: 'nx.json' },
    hint,
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
