import { chmod, copyFile, mkdir, readdir, rename, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { openRoot } from '../../packages/engine/src/feed';
import { rootSpec } from '../../packages/engine/src/feed/resolve';
import { silentReporter } from '../../packages/engine/src/report';
import { createSandboxRunner } from '../../packages/engine/src/sdk';
import type { SdkRoot } from '../../packages/engine/src/sdk';
import { storePath } from '../../packages/engine/src/store';
import { debianPins, target } from './debian';
import { groups } from './layout';
import type { GroupName } from './layout';
import type { Package } from './package';
import { buildTime, specText } from './spec';

/** A root with rpmbuild and createrepo_c, Debian's. */
export async function builderRoot(): Promise<SdkRoot> {
  const { toolchain = [] } = await debianPins({
    toolchain: ['base-files', 'cpio', 'createrepo-c', 'openssl', 'rpm', 'zstd'],
  });
  return openRoot(rootSpec('toolchain', target, toolchain), { reporter: silentReporter, label: 'RPM builder' });
}

/**
 * Builds the packages and lays them out as repositories below `directory`.
 * @param scratch an empty directory on the same filesystem
 */
export async function buildPackages(packages: readonly Package[], directory: string, scratch: string): Promise<void> {
  const builder = await builderRoot();
  for (const group of Object.keys(groups) as GroupName[]) {
    const own = packages.filter((item) => item.group === group);
    const { arch, repository } = groups[group];
    const place = join(directory, repository);
    await mkdir(place, { recursive: true });
    if (own.length > 0) {
      const work = join(scratch, group);
      await prepare(group, own, work);
      await runBuilder(builder, ['bash', '/work/build-packages.sh', arch], work);
      for (const file of await readdir(join(work, 'out'), { recursive: true })) {
        if (file.endsWith('.rpm')) await rename(join(work, 'out', file), join(place, basename(file)));
      }
    }
    await indexRepository(builder, place);
  }
}

/** createrepo_c, with the same bytes for the same packages. */
async function indexRepository(builder: SdkRoot, place: string): Promise<void> {
  const fixed = ['--revision', String(buildTime), '--set-timestamp-to-revision', '--no-database', '--workers', '1'];
  await runBuilder(builder, ['createrepo_c', '--quiet', ...fixed, '/work'], place);
}

async function prepare(group: GroupName, packages: readonly Package[], work: string): Promise<void> {
  await mkdir(work, { recursive: true });
  const { root } = groups[group];
  await copyFile(join(__dirname, 'build-packages.sh'), join(work, 'build-packages.sh'));
  await writeFile(join(work, 'group.spec'), specText(group, packages, '/work/tree'));
  await writeFile(join(work, 'names'), packages.map(({ name }) => `${name}\n`).join(''));
  const debs = packages.flatMap(({ name, deb }) => (deb === undefined ? [] : [`${name} ${deb} ${root}\n`]));
  await writeFile(join(work, 'debs'), debs.join(''));
  const moves = packages.flatMap(({ name, moves = [] }) => moves.map(([from, to]) => `${name} ${from} ${to}\n`));
  await writeFile(join(work, 'moves'), moves.join(''));
  for (const { name, files = [] } of packages) {
    for (const { path, content, link, mode = 0o644 } of files) {
      const at = join(work, 'files', name, path);
      await mkdir(dirname(at), { recursive: true });
      if (link !== undefined) await symlink(link, at);
      else {
        await writeFile(at, content ?? '');
        await chmod(at, mode);
      }
    }
  }
}

async function runBuilder(root: SdkRoot, argv: string[], work: string): Promise<void> {
  await createSandboxRunner().run(
    {
      root,
      argv,
      env: { SOURCE_DATE_EPOCH: String(buildTime) },
      mounts: [
        { source: work, target: '/work', writable: true },
        { source: storePath('debs'), target: '/debs' },
      ],
      label: argv[0] === 'bash' ? 'build RPMs' : 'index RPMs',
    },
    silentReporter,
  );
}
