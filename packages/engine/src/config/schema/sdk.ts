import { z } from 'zod';
import { feedPackages } from './packages';
import { containerArgs } from './parts';
import { integer, line, lineOrNumber, named, section, sourcePath } from './strict';

const rpm = section({
  install: sourcePath.nullish().describe('Script that installs into $DESTDIR.'),
  version: lineOrNumber.nullish(),
  name: line.nullish(),
  release: lineOrNumber.nullish(),
  license: line.nullish(),
  summary: z.string().nullish(),
  description: z.string().nullish(),
  vendor: line.nullish(),
  url: line.nullish(),
  arch: line.nullish(),
  requires: z.unknown().optional(),
  files: z.array(line).nullish(),
  split: z.unknown().optional(),
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
  disable_weak_dependencies: z.boolean().nullish(),
  host_uid: integer.nullish(),
  host_gid: integer.nullish(),
  repo_url: line.nullish().describe('Legacy: use distro.repo.url.'),
  repo_release: lineOrNumber.nullish().describe('Legacy: use distro.repo.releasever.'),
}).meta({ id: 'sdk' });

export type SdkInput = z.infer<typeof sdk>;
export type CompileInput = z.infer<typeof compile>;
