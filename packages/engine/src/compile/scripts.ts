import { lstatSync } from 'node:fs';
import { join, normalize } from 'node:path';
import { AvocadoError } from '../error';
import type { SdkCompileOptions } from '../task';

export interface Script {
  /** Relative to the source root. */
  path: string;
  /** Where avocado.yaml names it. */
  key: string;
}

/** The scripts of a compile section and of the package it makes, in the order they run. */
export function findScripts(
  options: Pick<SdkCompileOptions, 'compile' | 'install' | 'section' | 'extension' | 'package'>,
  sourceRoot: string,
): { compile?: Script; install?: Script } {
  const { compile, install, section, extension } = options;
  const packageKey = `extensions.${extension}.packages.${options.package}.install`;
  return {
    ...(compile !== undefined && { compile: check(compile, `sdk.compile.${section}.compile`, sourceRoot) }),
    ...(install !== undefined && { install: check(install, packageKey, sourceRoot) }),
  };
}

function check(path: string, key: string, sourceRoot: string): Script {
  const normal = normalize(path);
  if (normal.startsWith('/') || normal === '..' || normal.startsWith('../')) {
    throw new AvocadoError('COMPILE_SCRIPT_OUTSIDE', `${key}: ${path} is outside the project's source directory`);
  }
  if (!lstatSync(join(sourceRoot, normal), { throwIfNoEntry: false })) {
    throw new AvocadoError('COMPILE_SCRIPT_MISSING', `${key}: script ${path} not found`, {
      hint: `Write it, or correct ${key}; paths are relative to src_dir (${sourceRoot}).`,
    });
  }
  return { path: normal, key };
}
