type Table = Record<string, unknown>;

/** Of upstream's lock; its older ones are brought to this shape. */
export const lockVersion = 7;

const isTable = (value: unknown): value is Table =>
  value !== null && typeof value === 'object' && !Array.isArray(value);

const table = (value: unknown): Table => (isTable(value) ? value : {});

const mapped = (value: unknown, change: (entry: unknown, name: string) => unknown): Table =>
  Object.fromEntries(Object.entries(table(value)).map(([name, entry]) => [name, change(entry, name)]));

const withPackages = (packages: unknown): Table => ({ packages });

/**
 * A lock that an older avocado CLI wrote, in today's shape; as upstream migrates it. Pins that say too little are dropped.
 * @param lock of a version below `lockVersion`; without a version it is 1
 */
export function migrateLock(lock: Table): Table {
  const { version = 1 } = lock;
  const change =
    version === 1 ? fromFirst : version === 2 ? fromSecond : version === 5 ? fromFifth : (target: unknown) => target;
  return { ...lock, version: lockVersion, targets: mapped(lock['targets'], change) };
}

/** `extensions/<name>` and `runtimes/<name>` as flat keys; of `sdk` nobody knows for which architecture. */
function fromFirst(target: unknown): Table {
  const next: Table = {};
  for (const [key, packages] of Object.entries(table(target))) {
    const [kind = '', ...name] = key.split('/');
    if (kind === 'rootfs' || kind === 'target-sysroot') next[kind] = packages;
    if (kind !== 'extensions' && kind !== 'runtimes') continue;
    next[kind] = { ...table(next[kind]), [name.join('/')]: { packages } };
  }
  return next;
}

/** Packages right below an extension and a runtime; where an extension was fetched from, in a table of its own. */
function fromSecond(target: unknown): Table {
  const { 'fetched-extensions': fetched, extensions, runtimes, ...others } = table(target);
  const sources = mapped(fetched, (found) => {
    const [name, version] = Object.entries(table(found))[0] ?? [];
    return name === undefined ? {} : { source: { type: 'package', package: name, version } };
  });
  const own = mapped(extensions, withPackages);
  return {
    ...others,
    extensions: { ...own, ...mapped(sources, (source, name) => ({ ...table(own[name]), ...table(source) })) },
    runtimes: mapped(runtimes, withPackages),
  };
}

function fromFifth(target: unknown): Table {
  const { runtimes, ...others } = table(target);
  return { ...others, ...(runtimes !== undefined && { runtimes: mapped(runtimes, withPackages) }) };
}
