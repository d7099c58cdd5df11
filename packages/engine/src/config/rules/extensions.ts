import type { Rule } from './rule';

/** An extension that is built here has a version. */
export const localExtensionsHaveVersions: Rule = ({ config, input, error }) => {
  for (const [name, extension] of Object.entries(config.extensions)) {
    // A version that could not be read from its file has been reported where it stands.
    if (extension.version !== undefined || extension.source || input.extensions?.[name]?.version) continue;
    error(['extensions', name], {
      code: 'CONFIG_VERSION_MISSING',
      message: `Extension '${name}' is missing a 'version' field`,
      hint: "Add version: '0.1.0', or a source if it is not built here.",
    });
  }
};

/** Names become file names: nothing in them may still be unknown. */
export const noUnresolvedNames: Rule = ({ config, error }) => {
  const check = (path: string[], name: string): void => {
    if (!name.includes('{{')) return;
    const message = `the name '${name}' holds a {{ }} that is not known`;
    error(path, { code: 'CONFIG_UNRESOLVED', message, hint: 'Choose a runtime, or write the name out.' });
  };
  for (const name of Object.keys(config.extensions)) check(['extensions', name], name);
  for (const name of Object.keys(config.runtimes)) check(['runtimes', name], name);
  for (const name of Object.keys(config.sdk.compile)) check(['sdk', 'compile', name], name);
  for (const [name, { version }] of Object.entries(config.extensions))
    check(['extensions', name, 'version'], version ?? '');
};

/** Units are enabled by links in /etc, which only a confext can hold. */
export const servicesNeedConfext: Rule = ({ config, warn }) => {
  for (const [name, { enable_services, types }] of Object.entries(config.extensions)) {
    if (enable_services.length === 0 || types.includes('confext')) continue;
    warn(['extensions', name, 'enable_services'], {
      code: 'CONFIG_SERVICES_WITHOUT_CONFEXT',
      message: `extension '${name}' enables services but is no confext, so they will not be enabled`,
      hint: "Add confext to 'types'.",
    });
  }
};

/** Accounts belong to the image; the references still write them into extensions. */
export const accountsInExtensions: Rule = ({ input, warn }) => {
  for (const [name, extension] of Object.entries(input.extensions ?? {})) {
    for (const key of ['users', 'groups'] as const) {
      if (!extension?.[key]) continue;
      const message = `'${key}' in an extension is deprecated`;
      const hint = `Use ${key} of the top-level permissions section.`;
      warn(['extensions', name, key], { code: 'CONFIG_DEPRECATED', message, hint });
    }
  }
};

/** A login without a password is fine for development, and should be seen. */
export const emptyPasswords: Rule = ({ config, warn }) => {
  for (const collection of ['extensions', 'permissions'] as const) {
    for (const [name, { users }] of Object.entries(config[collection])) {
      for (const [user, { password }] of Object.entries(users)) {
        if (password !== '') continue;
        warn([collection, name, 'users', user, 'password'], {
          code: 'CONFIG_EMPTY_PASSWORD',
          message: `the user '${user}' can log in without a password`,
          hint: "Set a crypt hash before this goes to a product; '*' locks the account.",
        });
      }
    }
  }
};
