import { z } from 'zod';
import { accountNameProblem, nameProblem, pathProblem } from '../names';

/**
 * Zod says which keys are unknown but not which are known; the message of such an issue carries them, joined by this.
 * `validate.ts` takes them apart again and names the nearest.
 */
export const KNOWN_KEYS_SEPARATOR = '\n';

/** A map with exactly these keys. Every key may also be left empty (null), which counts as absent. */
export function section<Shape extends z.ZodRawShape>(shape: Shape) {
  return z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? Object.keys(shape).join(KNOWN_KEYS_SEPARATOR) : undefined),
  });
}

interface CustomIssue {
  code: string;
  hint?: string;
}

/** Parameters of a refinement: the code and the hint of the diagnostic. */
export function because(message: string, issue: CustomIssue): { message: string; params: CustomIssue } {
  return { message, params: issue };
}

const name = (problem: (name: string) => string | undefined) =>
  z.string().superRefine((text, context) => {
    const found = problem(text);
    if (found === undefined) return;
    const hint = 'A name becomes part of file names: use letters, digits, and . _ + - @ between them.';
    context.addIssue({ code: 'custom', ...because(`the name '${text}' ${found}`, { code: 'CONFIG_NAME', hint }) });
  });

export const nameKey = name(nameProblem);
export const accountName = name(accountNameProblem);

/** A map from names to values. */
export function named<Value extends z.ZodType>(value: Value) {
  return z.record(nameKey, value);
}

function pathBelow(root: string, inside = (path: string): string => path) {
  return z.string().superRefine((text, context) => {
    const found = pathProblem(inside(text));
    if (found === undefined) return;
    const hint = `Give a path below ${root}, with '/' between its parts.`;
    context.addIssue({
      code: 'custom',
      ...because(`the path '${text}' ${found}`, { code: 'CONFIG_PATH_OUTSIDE', hint }),
    });
  });
}

/** A path or glob below `src_dir`. */
export const sourcePath = pathBelow('src_dir');
/** A directory relative to `src_dir`, in it or beside it; who opens it knows what it must not leave. */
export const folderPath = pathBelow('the workspace, relative to src_dir', (path) =>
  path.replace(/^(\.\.(\/|$))+/, './'),
);
/** A path or glob below the root of an image or partition. */
export const imagePath = pathBelow('the root of the image');

/** One line: it ends up in a line of a file or in an argument. */
export const line = z
  .string()
  .refine((text) => !/[\r\n]/.test(text), because('a line break cannot stand here', { code: 'CONFIG_VALUE' }));

/** Text that is often written like a number (`2024`, `3.11`); the tree keeps its spelling. */
export const lineOrNumber = z.union([line, z.number()]);

export const integer = z.number().int().nonnegative();
