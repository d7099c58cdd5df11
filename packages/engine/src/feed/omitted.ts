import type { SdkInstallOptions } from '../task';
import { feedData } from './data';
import { matches } from './glob';

/** Why this feed cannot give a name, or undefined where nothing is known against it. */
export function omittedReason(name: string): string | undefined {
  return Object.entries(feedData().omitted).find(([pattern]) => matches(pattern, name))?.[1];
}

/** The record for sdk.json: the project itself where it is a package extension that the feed cannot build. */
export function omittedFor({ project }: SdkInstallOptions): Record<string, string> {
  const reason = project.kind === 'extension' ? omittedReason(project.name) : undefined;
  return reason === undefined ? {} : { [project.name]: reason };
}
