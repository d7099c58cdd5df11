import { z } from 'zod';
import { DISTRO_ALIASES, OVERRIDABLE, ROOT_ALIASES } from './normalise';
import { root } from './schema/root';
import { KNOWN_TARGETS } from './targets';

type Json = { [key: string]: unknown };

/**
 * The JSON Schema (draft 7) for editors, from the same definition that the loader checks with. It adds what the loader
 * normalises away before it checks: other names of keys, override blocks, singleton and inline forms.
 */
export function editorSchema(): Json {
  const schema = z.toJSONSchema(root, { target: 'draft-7', io: 'input' }) as Json;
  const definitions = schema.definitions as Record<string, Json>;
  const properties = schema.properties as Record<string, Json>;
  for (const kind of ['rootfs', 'initramfs', 'kernel', 'permissions']) {
    properties[kind] = {
      description: `The ${kind} of all runtimes, or several by name.`,
      anyOf: [{ $ref: `#/definitions/${kind}` }, ...((properties[kind]?.anyOf as Json[]) ?? [])],
    };
  }
  for (const [name, { rules }] of Object.entries(OVERRIDABLE)) {
    const definition = definitions[name];
    if (definition === undefined) continue;
    addAliases(definition, 'aliases' in rules ? rules.aliases : {});
    const block = { $ref: `#/definitions/${name}` };
    definition.patternProperties = {
      '^target-.': { description: 'Overrides for one machine target.', anyOf: [block, { type: 'null' }] },
      '^kernel-.': { description: 'Overrides for kernel versions.', anyOf: [block, { type: 'null' }] },
      [`^(${KNOWN_TARGETS.join('|')})$`]: { description: 'Deprecated: write target-<name>.', anyOf: [block] },
    };
  }
  addAliases(schema, ROOT_ALIASES);
  if (definitions.distro) addAliases(definitions.distro, DISTRO_ALIASES);
  return { $schema: schema.$schema, title: 'avocado.yaml', description: 'An Avocado OS project.', ...schema };
}

function addAliases(section: Json, aliases: Readonly<Record<string, string>>): void {
  const properties = section.properties as Record<string, Json>;
  for (const [alias, key] of Object.entries(aliases)) {
    properties[alias] = { ...properties[key], description: `Another name of ${key}.` };
  }
}
