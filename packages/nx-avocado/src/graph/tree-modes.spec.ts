import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OverlayTrees } from './tree-modes';

let root: string;
const overlay = (path = ''): string => join(root, 'app/overlay', path);

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nx-avocado-overlay-'));
  mkdirSync(overlay('usr/bin'), { recursive: true });
  writeFileSync(overlay('usr/bin/tool'), '');
  chmodSync(overlay('usr/bin/tool'), 0o755);
  writeFileSync(overlay('usr/plain'), '');
  mkdirSync(overlay('var/empty'), { recursive: true });
  execFileSync('mkfifo', [overlay('fifo')]);
  symlinkSync('/dev/null', overlay('masked.service'));
});
afterEach(() => {
  jest.restoreAllMocks();
  rmSync(root, { recursive: true });
});

const found = {
  executables: ['app/overlay/usr/bin/tool'],
  unhashed: {
    'app/overlay/fifo': 'no file',
    'app/overlay/masked.service': 'link to /dev/null',
    'app/overlay/var/empty': 'empty directory',
  },
};

function look() {
  const trees = new OverlayTrees(root);
  const modes = trees.modes('app/overlay');
  trees.write();
  return modes;
}

test('names executables and what is no file below a folder, and nothing of a folder that is not there', () => {
  expect(look()).toEqual(found);
  expect(new OverlayTrees(root).modes('app/none')).toEqual({ executables: [], unhashed: {} });
});

test.each<[string, () => void, Partial<typeof found>]>([
  ['nothing', () => undefined, {}],
  [
    'a mode',
    () => chmodSync(overlay('usr/plain'), 0o755),
    { executables: [...found.executables, 'app/overlay/usr/plain'] },
  ],
  [
    'a file',
    () => rmSync(overlay('usr/bin/tool')),
    {
      executables: [],
      unhashed: { ...found.unhashed, 'app/overlay/usr/bin': 'empty directory' } as never,
    },
  ],
  [
    'a link',
    () => {
      symlinkSync('/dev/zero', overlay('new'));
      renameSync(overlay('new'), overlay('masked.service'));
    },
    { unhashed: { ...found.unhashed, 'app/overlay/masked.service': 'link to /dev/zero' } },
  ],
])('a change of %s since names were kept is seen', (_what, change, expected) => {
  // A moment later: names that are too new are not kept.
  const now = jest.spyOn(Date, 'now').mockReturnValue(Date.now() + 60_000);
  expect(look()).toEqual(found);
  waitATick();
  change();
  expect(look()).toEqual({ ...found, ...expected });
  expect(now).toHaveBeenCalled();
});

/** Until the file system's clock is past the last change of the overlay. */
function waitATick(): void {
  const { ctimeMs } = statSync(overlay());
  const probe = join(root, 'probe');
  do writeFileSync(probe, '');
  while (statSync(probe).ctimeMs <= ctimeMs);
}
