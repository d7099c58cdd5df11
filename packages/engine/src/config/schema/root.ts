import { z } from 'zod';
import { extensions } from './extension';
import { initramfs, kernel, rootfs } from './image';
import { containerArgs, permissions } from './parts';
import { runtimes } from './runtime';
import { sdk } from './sdk';
import { because, integer, line, lineOrNumber, named, nameKey, section, sourcePath } from './strict';

export const provisionProfile = section({
  container_args: containerArgs.nullish(),
  state_file: sourcePath.nullish().describe('.avocado/provision-<profile>.state by default.'),
}).meta({ id: 'provisionProfile' });

const distro = section({
  release: lineOrNumber.nullish().describe('Year of the feed.'),
  channel: line.nullish().describe('edge, stable or next.'),
  repo: section({
    url: line.nullish().describe("Address of the repository; the feed's own by default."),
    releasever: lineOrNumber.nullish().describe('<release>/<channel> by default.'),
    ca: line.nullish().describe('File of the certificate authority.'),
    tls_verify: z.boolean().nullish().describe('true by default.'),
  })
    .nullish()
    .describe('Where packages come from.'),
})
  .describe('The distribution.')
  .meta({ id: 'distro' });

const signingKey = named(line).refine(
  (entry) => Object.keys(entry).length === 1,
  because('one key per list entry', { code: 'CONFIG_VALUE', hint: "Write '- name: keyid'." }),
);

/** The whole file after aliases and singleton forms were normalised (normalise.ts). */
export const root = section({
  cli_requirement: line.nullish().describe('Range of avocado CLI versions that the project needs.'),
  default_target: line.nullish().describe('Machine target when none is asked for.'),
  default_target_board: line.nullish().describe('avocado.target.board when nothing else says; the target by default.'),
  supported_targets: z
    .union([z.literal('*'), z.array(nameKey)], {
      error: () => "expected '*' or a list of machine targets",
    })
    .nullish()
    .describe("Machine targets that the project builds for; '*' for all."),
  src_dir: line.nullish().describe("Directory that paths are relative to; this file's own by default."),
  source_date_epoch: integer.nullish().describe('Seconds since 1970 for all files in images; 0 by default.'),
  distro: distro.nullish(),
  runtimes: runtimes.nullish(),
  default_runtime: line.nullish().describe('Runtime when none is asked for; needed where there are several.'),
  extensions: extensions.nullish(),
  sdk: sdk.nullish(),
  rootfs: named(rootfs.nullable()).nullish(),
  initramfs: named(initramfs.nullable()).nullish(),
  kernel: named(kernel.nullable()).nullish(),
  permissions: named(permissions.nullable()).nullish(),
  provision_profiles: named(provisionProfile.nullable()).nullish().describe('Settings for provisioning by name.'),
  signing_keys: z.array(signingKey).nullish().describe('Keys by name: a list of `- name: keyid`.'),
  connect: section({
    org: line.nullish().describe('Organisation.'),
    project: line.nullish().describe('Project.'),
    server_key: line.nullish().describe('Public key of the server.'),
  })
    .nullish()
    .describe("Peridio's cloud."),
});

export type RootInput = z.infer<typeof root>;
