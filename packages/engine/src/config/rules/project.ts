import { nearest } from '../nearest';
import type { Rule } from './rule';

/** The default is a target that the project builds for. */
export const defaultTargetIsSupported: Rule = ({ config, warn }) => {
  const { default_target, supported_targets } = config;
  if (default_target === undefined || supported_targets === '*' || supported_targets.includes(default_target)) return;
  const match = nearest(default_target, supported_targets);
  warn(['default_target'], {
    code: 'CONFIG_TARGET_UNSUPPORTED',
    message: `default_target '${default_target}' is not in supported_targets`,
    hint: match && `Did you mean '${match}'?`,
  });
};

/** A key's name is given once. */
export const noRepeatedSigningKeys: Rule = ({ input, error }) => {
  const seen = new Set<string>();
  (input.signing_keys ?? []).forEach((entry, index) => {
    for (const name of Object.keys(entry)) {
      const problem = { code: 'CONFIG_DUPLICATE_KEY', message: `the signing key '${name}' is listed twice` };
      if (seen.has(name)) error(['signing_keys', index], problem);
      seen.add(name);
    }
  });
};
