import { parse } from 'semver';
import { z } from 'zod';
import { feedPackages, packages } from './packages';
import { groups, imageFormat, overlay, subvolumes, users } from './parts';
import { because, folderPath, imagePath, line, lineOrNumber, named, nameKey, section, sourcePath } from './strict';

const include = z.array(z.string()).nullish().describe('Parts of its avocado.yaml to merge.');

export const extensionSource = z.discriminatedUnion('type', [
  section({
    type: z.enum(['package', 'repo']).describe('A package of the feed that holds an extension; repo is another name.'),
    version: lineOrNumber.describe("'*' or a version."),
    package: nameKey.nullish().describe("Name of the package; the extension's own by default."),
    repo_name: line.nullish().describe('Repository to take it from.'),
    include,
  }),
  section({
    type: z.literal('git').describe('A git repository.'),
    url: line.describe('Repository to clone.'),
    ref: lineOrNumber.nullish().describe('Branch, tag or commit.'),
    sparse_checkout: z.array(sourcePath).nullish().describe('Directories to check out.'),
    include,
  }),
  section({
    type: z.literal('path').describe('A directory.'),
    path: folderPath.describe('Directory with an avocado.yaml of its own, relative to src_dir.'),
    include,
  }),
]);

const PROVIDER_FORMATS = ['json', 'yaml', 'toml'] as const;

/** A version that stands in another file. `format` says how to read `key`, so it needs one. */
export const versionProvider = section({
  file: sourcePath.describe('File below src_dir.'),
  key: line.min(1).nullish().describe('Path of the value in it, such as package.version; without it the whole text.'),
  format: z.enum(PROVIDER_FORMATS).nullish().describe("Format of the file where its name doesn't tell."),
}).refine(
  ({ key, format }) => !format || key,
  because("'format' needs a 'key'", { code: 'CONFIG_VERSION_PROVIDER', hint: 'Without a key the whole file is read.' }),
);

/** Digits first and three parts, as upstream wants them; `v1.0.0` is no such version. */
export function isVersion(text: string): boolean {
  return parse(text)?.raw === text && /^\d/.test(text);
}

const version = lineOrNumber.superRefine((value, context) => {
  const text = String(value);
  if (text.includes('{{') || isVersion(text)) return;
  const [, major = '0', minor = '0'] = /^v?(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  context.addIssue({
    code: 'custom',
    ...because(`invalid version '${text}'. Version must be in semantic versioning format`, {
      code: 'CONFIG_VERSION',
      hint: `Write three numbers, for example version: '${major}.${minor}.0'.`,
    }),
  });
});

export const FILESYSTEMS = ['squashfs', 'erofs', 'erofs-lz4', 'erofs-zst'] as const;

const scopes = z.array(z.enum(['system', 'initrd', 'portable'])).nullish();
const commands = z.array(line).nullish();

export const extension = section({
  version: z.union([version, versionProvider]).nullish().describe('Semantic version; needed unless source is set.'),
  source: extensionSource.nullish().describe('Where an extension comes from that is not built here.'),
  release: lineOrNumber.nullish().describe('Release of its source package.'),
  summary: z.string().nullish().describe('One line on what it is.'),
  description: z.string().nullish().describe('What it is.'),
  license: line.nullish().describe('SPDX identifier.'),
  url: line.nullish().describe('Home page.'),
  vendor: line.nullish().describe('Who makes it.'),
  package_files: z.array(sourcePath).nullish().describe('Globs of the files that its source package holds.'),
  types: z
    .array(z.enum(['sysext', 'confext']))
    .nullish()
    .describe('sysext adds to /usr, confext to /etc; both by default.'),
  packages: packages.nullish(),
  sdk: section({ packages: feedPackages.nullish() }).nullish().describe('Packages that building it needs in the SDK.'),
  overlay: overlay.nullish(),
  enable_services: z.array(nameKey).nullish().describe('systemd units to enable through their [Install] section.'),
  on_merge: commands.describe('Commands that the device runs after merging; without a shell.'),
  on_unmerge: commands.describe('Commands that the device runs before unmerging; without a shell.'),
  modprobe: z.array(nameKey).nullish().describe('Kernel modules to load.'),
  reload_service_manager: z.boolean().nullish().describe('Reload systemd after merging.'),
  scopes: scopes.describe('For both types; system by default.'),
  sysext_scopes: scopes.describe('For the sysext; as scopes by default.'),
  confext_scopes: scopes.describe('For the confext; as scopes by default.'),
  filesystem: z.enum(FILESYSTEMS).nullish().describe("Filesystem of the image; the root filesystem's by default."),
  image: imageFormat.nullish(),
  var_files: z.array(imagePath).nullish().describe('Globs of files that go to the var partition instead.'),
  docker_images: z
    .array(
      section({
        image: line.describe('Name of the image, with its registry.'),
        tag: lineOrNumber.nullish().describe('latest by default.'),
      }),
    )
    .nullish()
    .describe('Container images to preload.'),
  subvolumes: subvolumes.nullish(),
  users: users.nullish().describe('Deprecated here: use the top-level permissions.'),
  groups: groups.nullish().describe('Deprecated here: use the top-level permissions.'),
  post_build: sourcePath.nullish().describe('Script to run on the staged tree.'),
  stone_include_paths: z.array(sourcePath).nullish().describe('Directories with boot files.'),
  extensions: z.array(nameKey).nullish().describe('Extensions that this one needs.'),
}).meta({ id: 'extension' });

export const extensions = named(extension.nullable()).describe('Extensions by name.');

export type ExtensionInput = z.infer<typeof extension>;
