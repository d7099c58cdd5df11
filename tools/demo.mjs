// `npm run demo`: from main.rs to its JSON lines in a booted machine.
import { nx } from './nx.mjs';
import { fail, setup, step } from './setup.mjs';

const keys = ['hostname', 'uptime', 'mem_total_kb', 'mem_free_kb', 'load_1m'];
const phases = [];

await phase('set-up of this machine', setup);
await phase('SDK, extensions, OS image, disk', async () => {
  step('nx run dev:provision');
  const code = await nx(['run', 'dev:provision', '--outputStyle=stream']);
  if (code !== 0) fail('The build failed; the error stands above.', 'Then again: npm run demo');
});

let reports = 0;
await phase('boot', async () => {
  step('nx run dev:boot-test (what the service writes to the journal, as it arrives)');
  // Not from the cache: the point is to see it boot.
  const args = ['run', 'dev:boot-test', '--skipNxCache', '--excludeTaskDependencies', '--outputStyle=stream'];
  const code = await nx(args, { onLine: (line) => (reports += isReport(line) ? 1 : 0) });
  if (code !== 0) fail('The machine did not boot as it must; the error stands above.', 'Then again: npm run demo');
  if (reports < 2) fail(`Only ${reports} JSON lines of ref-rust arrived.`, 'npx nx run dev:qemu shows the machine.');
});

console.log(`\nDone: ${reports} reports of the service, and the machine is off again.`);
for (const { name, seconds } of phases) console.log(`  ${seconds.toFixed(1).padStart(7)} s  ${name}`);
console.log(`
To use the machine yourself (login root, no password; poweroff ends it):

    npx nx run dev:qemu
    npx nx run dev:qemu --host-fwd 2222-:22     and then: ssh -p 2222 root@localhost
`);

async function phase(name, work) {
  const start = performance.now();
  await work();
  phases.push({ name, seconds: (performance.now() - start) / 1000 });
}

/** Nx may put the project's name before a line, and the reporter the unit's. */
function isReport(line) {
  const start = line.indexOf('{');
  if (start < 0) return false;
  try {
    const report = JSON.parse(line.slice(start));
    return keys.every((key) => key in report);
  } catch {
    return false;
  }
}
