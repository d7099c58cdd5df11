import { mkdirSync, rmSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { writeManifest } from '@nx-avocado/engine/store';
import { Browser } from './support/browser';
import { TestWorkspace } from './support/workspace';

/** `nx run dev:report` of a runtime that the real tools built, looked at in a real browser that has no network. */
const workspace = new TestWorkspace();
const folder = 'examples/rust-vitals/.avocado/dev/qemux86-64';
const page = workspace.path(`${folder}/report/report.html`);
const unit = 'examples/rust-vitals/overlay/usr/lib/systemd/system/ref-rust.service';
let browser: Browser;

interface Summary {
  runtime: { id: string };
  images: { name: string; size: number; unpacked: number; groups: { name: string; bytes: number }[] }[];
  packages: { name: string; image: string; version: string; bytes: number }[];
}

jest.setTimeout(10 * 60_000);

/** As a boot test of this runtime wrote it, less what it has for others. */
const boot = {
  ...{ version: 1, machine: 'qemux86-64', boot: 'kernel', accelerator: 'tcg' },
  phases: { firmware: 809, kernel: 2941, initrd: 633, userspace: 9104 },
  firstLine: { 'ref-rust.service': 12480 },
  checks: [],
};

beforeAll(async () => {
  workspace.reset();
  for (const task of ['report', 'boot-test']) {
    rmSync(workspace.path(`${folder}/${task}`), { recursive: true, force: true });
  }
  await report();
  browser = new Browser();
});
afterAll(async () => {
  await browser.close();
  workspace.reset();
});

async function report(): Promise<string> {
  const { code, output } = await workspace.nx(['run', 'dev:report']);
  if (code !== 0) throw new Error(output);
  return output;
}

const summary = (): Summary => JSON.parse(workspace.read(`${folder}/report/summary.json`)) as Summary;
const rows = (section: string): Promise<string[][]> =>
  browser.evaluate(
    `[...document.querySelectorAll('#${section} tbody tr')].map((row) => [...row.cells].map((cell) => cell.innerText.trim()))`,
  );

test('it opens with no request but itself, and nothing in the console', async () => {
  const { requests, messages } = await browser.open(page);
  expect(requests.filter((url) => !url.startsWith('data:'))).toEqual([pathToFileURL(page).href]);
  expect(messages).toEqual([]);
  expect(await browser.evaluate('document.title')).toBe('dev 2024 for qemux86-64');
  expect(await browser.evaluate('document.querySelectorAll("script, link:not([href^=data])").length')).toBe(0);
});

test('it says what is in the images: the numbers of the summary, and they are true', async () => {
  await browser.open(page);
  const { images, packages } = summary();
  expect(images.map(({ name }) => name)).toEqual(expect.arrayContaining(['OS image', 'example-rust', 'config-dev']));
  const app = images.find(({ name }) => name === 'example-rust')!;
  const record = JSON.parse(
    workspace.read('examples/rust-vitals/.avocado/example-rust/qemux86-64/build/extension.json'),
  ) as { image: { size: number } };
  expect(app.size).toBe(record.image.size);
  for (const { unpacked, groups } of images) {
    expect(groups.reduce((sum, { bytes }) => sum + bytes, 0)).toBe(unpacked);
  }
  // Debian's bash is one program of 1.2 to 1.5 MB; the kernel's modules are no file of another package.
  const of = (name: string) => packages.find((one) => one.name === name && one.image === 'OS image')!;
  expect(of('bash').bytes).toBeGreaterThan(1.1e6);
  expect(of('bash').bytes).toBeLessThan(1.6e6);
  expect(packages.find(({ name }) => /^linux-image-6/.test(name))!.bytes).toBeGreaterThan(10e6);
  const rest = images[0]!.groups.find(({ name }) => name === 'made by the build')!;
  expect(rest.bytes / images[0]!.unpacked).toBeLessThan(0.2);

  const shown = await rows('packages');
  expect(shown).toContainEqual(['bash', of('bash').version, 'OS image', `${(of('bash').bytes / 1e6).toFixed(1)} MB`]);
  expect((await rows('contents'))[0]).toEqual([
    'OS image',
    expect.any(String),
    `${(images[0]!.size / 1e6).toFixed(1)} MB`,
    `${(images[0]!.unpacked / 1e6).toFixed(1)} MB`,
  ]);
  const titles = await browser.evaluate<string[]>(
    '[...document.querySelectorAll("#contents .part title")].map(({ textContent }) => textContent)',
  );
  expect(titles).toContainEqual(expect.stringMatching(/^libc6: \d+\.\d MB$/));
});

test('the parts of the tree map are as large as they should be, and stay in it', async () => {
  await browser.open(page);
  const tiles = await browser.evaluate<{ label: string; area: number; inside: boolean }[]>(`
    [...document.querySelectorAll('#contents .frame')].map((tile) => {
      const box = tile.getBoundingClientRect();
      const map = tile.ownerSVGElement.getBoundingClientRect();
      const inside = box.left >= map.left - 1 && box.right <= map.right + 1 && box.bottom <= map.bottom + 1;
      return { label: tile.textContent.trim(), area: (box.width * box.height) / (map.width * map.height), inside };
    })`);
  const { images } = summary();
  const total = images.reduce((sum, { unpacked }) => sum + unpacked, 0);
  expect(tiles.every(({ inside }) => inside)).toBe(true);
  for (const { name, unpacked } of images) {
    const { area } = tiles.find(({ label }) => label.startsWith(`${name},`))!;
    expect(Math.abs(area - unpacked / total)).toBeLessThan(0.01);
  }
});

test('dark, light and print: text can be read; no part is wider than the page', async () => {
  const contrast = `(() => {
    const light = (colour) => {
      const [r, g, b] = colour.match(/[\\d.]+/g).map((part) => {
        const value = part / 255;
        return value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
      });
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ratio = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
    const style = (element) => getComputedStyle(element);
    const back = style(document.body).backgroundColor;
    const tiles = [...document.querySelectorAll('.part')].flatMap((part) => {
      const text = part.querySelector('text');
      return text ? [ratio(style(text).fill, style(part.querySelector('rect')).fill)] : [];
    });
    const texts = ['body', 'caption', 'thead th', 'a', 'dt'].map((name) => style(document.querySelector(name)).color);
    return { back, least: Math.min(...tiles, ...texts.map((colour) => ratio(colour, back))) };
  })()`;
  const seen: Record<string, string> = {};
  for (const [media, scheme] of [
    ['screen', 'light'],
    ['screen', 'dark'],
    ['print', 'dark'],
  ] as const) {
    await browser.open(page);
    const features = [{ name: 'prefers-color-scheme', value: scheme }];
    await browser.send('Emulation.setEmulatedMedia', { media, features });
    const { back, least } = await browser.evaluate<{ back: string; least: number }>(contrast);
    // WCAG 2.2, level AA.
    expect(least).toBeGreaterThan(4.5);
    seen[`${media} ${scheme}`] = back;
  }
  expect(seen['screen dark']).not.toBe(seen['screen light']);
  expect(seen['print dark']).toBe(seen['screen light']);
  await browser.send('Emulation.setDeviceMetricsOverride', {
    width: 360,
    height: 740,
    deviceScaleFactor: 1,
    mobile: true,
  });
  expect(await browser.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
  const { data } = await browser.send<{ data: string }>('Page.printToPDF');
  expect(Buffer.from(data, 'base64').subarray(0, 5).toString()).toBe('%PDF-');
});

test('a screen reader gets headings, tables with captions, and pictures with names', async () => {
  await browser.open(page);
  const { nodes } = await browser.send<{ nodes: { role?: { value: string }; name?: { value: string } }[] }>(
    'Accessibility.getFullAXTree',
  );
  const named = (role: string) =>
    nodes.filter((node) => node.role?.value === role).map((node) => node.name?.value ?? '');
  expect(named('heading')).toEqual([
    'dev 2024 for qemux86-64',
    ...['What is in it', 'Since the last build', 'Boot', 'Task times', 'Packages'],
  ]);
  expect(named('image')).toContain('What takes the space');
  expect(named('table').every((name) => name !== '')).toBe(true);
  expect(named('rowheader')).toContain('example-rust');
});

test('after a change: the next report compares; after none, with the same build as before; the boot is shown', async () => {
  const before = summary();
  workspace.edit(unit, (text) => `${text}# ${Array.from({ length: 2000 }, (_, n) => n * n).join(' ')}\n`);
  mkdirSync(workspace.path(`${folder}/boot-test`), { recursive: true });
  workspace.write(`${folder}/boot-test/report.json`, JSON.stringify(boot));
  await writeManifest(workspace.path(`${folder}/boot-test`), ['report.json']);
  await report();
  await report();
  await browser.open(page);
  const after = summary();
  expect(after.runtime.id).not.toBe(before.runtime.id);
  expect(await browser.evaluate('document.querySelector("#changes code").innerText')).toBe(before.runtime.id);
  const size = ({ images }: Summary): number => images.find(({ name }) => name === 'example-rust')!.size;
  const changes = await rows('changes');
  const changed = changes.filter(([, , , change]) => change !== 'same');
  expect(changed).toEqual([
    ['example-rust', expect.any(String), expect.any(String), `+${((size(after) - size(before)) / 1e3).toFixed(1)} kB`],
  ]);
  // Nx records a run when it ends: of the first there was nothing to show.
  const times = await rows('tasks');
  expect(times).toContainEqual(['dev:rootfs', expect.any(String), expect.stringMatching(/^\d+\.\d+ s$/), '']);
  expect(times.map(([task]) => task)).not.toContain('dev:report');
  expect(await rows('boot')).toContainEqual(['kernel', 'to the first process of the initramfs', '2.94 s']);
  expect(await rows('boot')).toContainEqual(['ref-rust.service', "its first line, from QEMU's start", '12.5 s']);
});
