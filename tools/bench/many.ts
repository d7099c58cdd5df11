import { pairs } from './figure';
import type { Figure } from './figure';
import { diskFile, linkedWorkspace } from './workspace';
import type { NxWorkspace } from './workspace';

const unit = (text: string): string =>
  `# ${text}\n[Service]\nExecStart=/usr/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n`;
const unitFile = (n: number): string => `overlay-${n}/usr/lib/systemd/system/service-${n}.service`;

/** A runtime `device` of so many extensions, each with a unit. */
function product(count: number): Record<string, string> {
  const numbers = Array.from({ length: count }, (_, n) => n);
  const lines = [
    'default_target: qemux86-64',
    'supported_targets: [qemux86-64]',
    'runtimes:',
    '  device:',
    "    packages: { avocado-runtime: '*' }",
    `    extensions: [${numbers.map((n) => `service-${n}`).join(', ')}]`,
    'extensions:',
    ...numbers.map(
      (n) => `  service-${n}: { version: 1.0.0, overlay: overlay-${n}, enable_services: [service-${n}.service] }`,
    ),
  ];
  return {
    'avocado.yaml': `${lines.join('\n')}\n`,
    ...Object.fromEntries(numbers.map((n) => [unitFile(n), unit('Made by the benchmark')])),
  };
}

/** From an edit of one of 200 extensions to the disk of their runtime, beside that of a runtime of one extension. */
export async function many(other: NxWorkspace): Promise<Figure> {
  const workspaces = [linkedWorkspace(other, product(1)), linkedWorkspace(other, product(200))] as const;
  const edit = async (workspace: NxWorkspace): Promise<void> => {
    workspace.write(unitFile(0), unit(`Edit ${Date.now()}`));
    await workspace.run('device:disk', '--file', diskFile);
  };
  try {
    for (const workspace of workspaces) await workspace.nx('generate', 'nx-avocado:lock');
    const { value, floor, runs } = await pairs(
      5,
      () => edit(workspaces[0]),
      () => edit(workspaces[1]),
    );
    return {
      ...{ name: 'one of 200 extensions to disk', value, unit: 'ms', runs },
      floor: { name: 'the same edit with 1 extension', value: floor },
      limit: { kind: 'ratio', at: 1.3 },
    };
  } finally {
    for (const workspace of workspaces) await workspace.remove();
  }
}
