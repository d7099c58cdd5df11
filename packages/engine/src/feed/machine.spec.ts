import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { AvocadoError, formatError } from '../error';
import { feedDirectory, machineNames } from './data';
import { parseMachine } from './machine';

const text = (name: string): string => readFileSync(join(feedDirectory, 'machines', `${name}.yaml`), 'utf8');
const x86 = text('qemux86-64');
const pi = text('raspberrypi4');
const boot = pi.slice(pi.indexOf('\nboot:') + 1);

function failure(changed: string): string {
  try {
    parseMachine('board', changed, 'board.yaml');
  } catch (error) {
    if (error instanceof AvocadoError) return formatError(error);
    throw error;
  }
  throw new Error('it is valid');
}

test.each(machineNames())('the file of %s is valid', (name) => {
  expect(parseMachine(name, text(name), name)).toMatchObject({
    name,
    kernel: { console: expect.any(String) as string },
  });
});

test.each([
  [
    'a value that is none of those',
    x86.replace('amd64', 'amd46'),
    /^board\.yaml:2:15: architecture: .*"amd64"\|"arm64"/,
  ],
  ['a key that nobody knows', `${x86}wifi: true\n`, /^board\.yaml:1:1: the file: Unrecognized key: "wifi"/],
  ['a key that is missing, in its section', x86.replace(/ +console: .*\n/, ''), /^board\.yaml:9:3: kernel\.console: /],
  [
    'an item of a list',
    x86.replace('[linux-image-cloud-amd64]', '[linux, 7]'),
    /^board\.yaml:9:21: kernel\.packages\.1: /,
  ],
  [
    'a path from the root',
    x86.replace('boot: EFI', 'boot: /EFI'),
    /^board\.yaml:13:9: uefi\.boot: a path below the root/,
  ],
  [
    'neither UEFI nor a boot partition',
    x86.replace(/^uefi:\n( .*\n)+/m, ''),
    /^board\.yaml:1:1: .*either uefi or boot/,
  ],
  ['a boot partition beside UEFI', `${x86}${boot}`, /^board\.yaml:1:1: .*either uefi or boot/],
  [
    'a file of the boot partition that has no place',
    pi.replace('vmlinuz: ', '/vmlinuz: '),
    /^board\.yaml:\d+:\d+: boot\.files\..*a path below the root/,
  ],
  ['no YAML', `${x86}  - [`, /^board\.yaml:\d+:\d+: .* \[MACHINE_INVALID\]/],
  ['nothing', '', /^board\.yaml:1:1: /],
])('%s is an error with its place', (_what, changed, expected) => {
  expect(failure(changed)).toMatch(expected);
  expect(failure(changed)).toContain('[MACHINE_INVALID]');
  expect(failure(changed)).toContain('docs/machines.md');
});
