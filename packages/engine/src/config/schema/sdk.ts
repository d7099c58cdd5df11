import { z } from 'zod';
import { feedPackages } from './packages';
import { containerArgs } from './parts';
import { integer, line, lineOrNumber, named, section, sourcePath } from './strict';

const rpm = section({
  install: sourcePath.nullish().describe('Script that installs into $DESTDIR.'),
  version: lineOrNumber.nullish().describe('Version of the package.'),
  name: line.nullish().describe('Name of the package.'),
  release: lineOrNumber.nullish().describe('Release of the package.'),
  license: line.nullish().describe('SPDX identifier.'),
  summary: z.string().nullish().describe('One line on what it is.'),
  description: z.string().nullish().describe('What it is.'),
  vendor: line.nullish().describe('Who makes it.'),
  url: line.nullish().describe('Home page.'),
  arch: line.nullish().describe('Architecture of the package.'),
  requires: z.unknown().optional().describe('Packages that it needs.'),
  files: z.array(line).nullish().describe('Globs of the files in the package.'),
  split: z.unknown().optional().describe('Further packages made of the same files.'),
});

export const compile = section({
  compile: sourcePath.nullish().describe('Script that builds.'),
  clean: sourcePath.nullish().describe('Script that removes what the build left.'),
  packages: feedPackages.nullish().describe('Packages of the target sysroot: headers and libraries.'),
  package: rpm.nullish().describe('How to make a package of it.'),
}).meta({ id: 'compile' });

export const sdk = section({
  image: line.nullish().describe('Container image of the SDK.'),
  packages: feedPackages.nullish(),
  compile: named(compile.nullable()).nullish().describe('Build steps by name.'),
  container_args: containerArgs.nullish(),
  disable_weak_dependencies: z.boolean().nullish().describe('Leave out packages that are only recommended.'),
  host_uid: integer.nullish().describe('Owner of files on the host.'),
  host_gid: integer.nullish().describe('Group of files on the host.'),
  repo_url: line.nullish().describe('Legacy: use distro.repo.url.'),
  repo_release: lineOrNumber.nullish().describe('Legacy: use distro.repo.releasever.'),
})
  .describe('The environment that everything is built in.')
  .meta({ id: 'sdk' });

export type SdkInput = z.infer<typeof sdk>;
export type CompileInput = z.infer<typeof compile>;
