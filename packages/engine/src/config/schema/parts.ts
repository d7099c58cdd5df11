import { z } from 'zod';
import { accountName, because, imagePath, integer, line, lineOrNumber, section, sourcePath } from './strict';

export const overlay = z
  .union([
    sourcePath,
    section({
      dir: sourcePath.describe('Directory below src_dir.'),
      mode: z.enum(['merge', 'opaque']).nullish().describe('merge (default) keeps directories that exist.'),
      preprocess: z
        .union([z.boolean(), z.array(sourcePath)])
        .nullish()
        .describe('Replace {{ }} in all files, or in those that match these globs.'),
    }),
  ])
  .describe('Directory whose content is copied into the image.');

export const imageFormat = section({
  type: z.enum(['raw', 'kab']).nullish().describe('raw (default), or kab: a signed archive.'),
  args: z.unknown().optional().describe('Arguments of the packer.'),
}).describe('Container format of the image.');

const subvolume = z.union([
  z.boolean(),
  z.literal('ro'),
  section({
    enabled: z.boolean().nullish().describe('true by default.'),
    writable: z.boolean().nullish().describe('true by default.'),
    compression: line.nullish().describe('Compression of the subvolume.'),
    nodatacow: z.boolean().nullish().describe('Do not copy on write.'),
    quota: lineOrNumber.nullish().describe('Largest size, such as 1G.'),
  }),
]);

export const subvolumes = z.record(imagePath, subvolume).describe('Subvolumes of the var partition, by path.');

/** A field of passwd or group: `:` separates there. */
const field = line.refine((text) => !text.includes(':'), because("':' cannot stand here", { code: 'CONFIG_VALUE' }));
const accountNames = z.array(accountName);

export const user = section({
  password: field.nullish().describe("'*' (default) is locked, '' needs no password, else a crypt hash."),
  uid: integer.nullish().describe('Chosen from 1000 on by default.'),
  gid: integer.nullish().describe('Primary group.'),
  gecos: field.nullish().describe('Full name.'),
  home: field.nullish().describe('Home directory.'),
  shell: field.nullish().describe('/bin/sh by default.'),
  groups: accountNames.nullish().describe('The first is the primary group.'),
  last_change: integer.nullish().describe('Days since 1970; 19000 by default.'),
  min_days: integer.nullish().describe('0 by default.'),
  max_days: integer.nullish().describe('99999 by default.'),
  warn_days: integer.nullish().describe('7 by default.'),
  inactive_days: integer.nullish().describe('Days after which an expired password locks the account.'),
  expire_date: integer.nullish().describe('Day, counted from 1970, on which the account expires.'),
  disabled: z.boolean().nullish().describe('Nobody can log in as this user.'),
  system: z.boolean().nullish().describe('An account of the system, not of a person.'),
}).meta({ id: 'user' });

export const group = section({
  gid: integer.nullish().describe('Chosen from 1000 on by default.'),
  system: z.boolean().nullish().describe('A group of the system.'),
  password: field.nullish().describe('A crypt hash.'),
  members: accountNames.nullish().describe('Users in it.'),
}).meta({ id: 'group' });

export const users = z.record(accountName, user.nullable()).describe('Users by name.');
export const groups = z.record(accountName, group.nullable()).describe('Groups by name.');

export const permissions = section({ users: users.nullish(), groups: groups.nullish() }).meta({ id: 'permissions' });

export const containerArgs = z
  .union([z.string(), z.array(z.string())])
  .describe('Arguments of the container runtime, split like a shell does; $NAME is expanded.');

export type OverlayInput = z.infer<typeof overlay>;
export type SubvolumesInput = z.infer<typeof subvolumes>;
export type UserInput = z.infer<typeof user>;
export type GroupInput = z.infer<typeof group>;
export type PermissionsInput = z.infer<typeof permissions>;
