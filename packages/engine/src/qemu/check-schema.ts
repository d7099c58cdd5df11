import { z } from 'zod';
import { AvocadoError } from '../error';

const common = {
  mayFail: z.boolean().optional().describe('It is reported, and the test passes without it.'),
  timeout: z
    .number()
    .int()
    .min(1)
    .optional()
    .describe("Seconds from the start of the machine within which it must pass; the test's own limit by default."),
};

const unit = z
  .string()
  .regex(/^[A-Za-z0-9:_.\\@-]+$/, 'is no name of a unit')
  .describe('Name of a unit; `.service` may be left out.')
  .meta({ examples: ['ref-rust.service'] });

const pattern = (what: string, example: string) =>
  z
    .string()
    .superRefine((text, context) => {
      const problem = patternProblem(text);
      if (problem !== undefined) context.addIssue({ code: 'custom', message: problem });
    })
    .describe(`Regular expression of JavaScript${what}`)
    .meta({ examples: [example] });

const lines = ', ^ and $ at every line';

const kinds = [
  z
    .strictObject({
      kind: z.literal('unit').describe('A unit is active.'),
      unit,
      ...common,
    })
    .meta({ id: 'unit', description: 'A unit is active.', examples: [{ kind: 'unit', unit: 'sshd.service' }] }),
  z
    .strictObject({
      kind: z.literal('journal').describe('A unit wrote lines to the journal.'),
      unit,
      pattern: pattern(' that the message matches.', '^listening on').optional(),
      jsonKeys: z.array(z.string()).optional().describe('The message is a JSON object with these keys.'),
      count: z.number().int().min(1).default(1).describe('So many lines meet every condition.'),
      ...common,
    })
    .meta({
      id: 'journal',
      description: 'A unit wrote lines to the journal.',
      examples: [{ kind: 'journal', unit: 'ref-rust.service', jsonKeys: ['hostname'], count: 2 }],
    }),
  z
    .strictObject({
      kind: z.literal('port').describe('A TCP port of the device is open.'),
      port: z
        .number()
        .int()
        .min(1)
        .max(65535)
        .describe('TCP port of the device; tried from inside, so none of this computer is used.'),
      send: z.string().optional().describe('Text that is sent first; goes with `pattern`.'),
      pattern: pattern(
        ` that the first answer on 127.0.0.1 matches${lines}. Without it a listener is enough.`,
        '^SSH-2\\.0',
      ).optional(),
      ...common,
    })
    .refine(({ send, pattern: answer }) => send === undefined || answer !== undefined, {
      message: '"send" needs a "pattern" for the answer',
    })
    .meta({
      id: 'port',
      description: 'A TCP port of the device is listened on, or answers.',
      examples: [{ kind: 'port', port: 80, send: 'GET / HTTP/1.0\r\n\r\n', pattern: '^HTTP/1\\.\\d 200' }],
    }),
  z
    .strictObject({
      kind: z.literal('file').describe('A file of the device is there, or is not.'),
      path: z.string().regex(/^\//, 'is no absolute path').describe('Absolute path on the device.'),
      pattern: pattern(` that its first 64 KiB match${lines}.`, '^ID=debian$').optional(),
      absent: z.boolean().optional().describe('There must be nothing at this path.'),
      ...common,
    })
    .refine(({ absent, pattern: content }) => !absent || content === undefined, {
      message: 'what is "absent" has no "pattern"',
    })
    .meta({
      id: 'file',
      description: 'A file of the device is there, has a content, or is not there.',
      examples: [{ kind: 'file', path: '/etc/os-release', pattern: '^ID=debian$' }],
    }),
  z
    .strictObject({
      kind: z.literal('command').describe('A command on the device ends as it should.'),
      command: z.string().min(1).describe('For `sh -c` on the device; run again every two seconds until it passes.'),
      exitCode: z.number().int().min(0).max(255).default(0).describe('The code it must end with.'),
      pattern: pattern(` that its output matches${lines}.`, '^running$').optional(),
      ...common,
    })
    .meta({
      id: 'command',
      description: 'A command on the device ends with a code, and prints what it should.',
      examples: [{ kind: 'command', command: 'systemctl is-system-running', pattern: '^running$' }],
    }),
] as const;

/** One check of a boot test, as it stands in boot-test.json. */
export const bootCheck = z.discriminatedUnion('kind', kinds, {
  error: (issue) =>
    issue.code === 'invalid_union' ? `has no "kind" that is one of ${kindNames.join(', ')}` : undefined,
});

const kindNames = ['unit', 'journal', 'port', 'file', 'command'];

export type BootCheck = z.output<typeof bootCheck>;

/** boot-test.json: checks by runtime. */
export const bootChecksFile = z
  .object({ $schema: z.string().optional().describe('For editors.') })
  .catchall(z.array(bootCheck).describe('Checks of the runtime of this name.'))
  .describe('Checks of boot tests, by runtime.');

/** The JSON Schema (draft 7) of boot-test.json for editors. */
export function bootChecksSchema(): object {
  const { $schema, ...schema } = z.toJSONSchema(bootChecksFile, { target: 'draft-7', io: 'input' });
  return { $schema, title: 'boot-test.json', ...schema };
}

/**
 * A check with its defaults.
 * @param named how messages call it: `check 2 of "dev"`
 * @throws AvocadoError `BOOT_CHECK_INVALID`
 */
export function parseCheck(value: unknown, named = `the boot check ${JSON.stringify(value)}`): BootCheck {
  const result = bootCheck.safeParse(value);
  if (result.success) return result.data;
  throw new AvocadoError('BOOT_CHECK_INVALID', `${named} ${problem(value, result.error.issues[0])}`, { hint });
}

function problem(value: unknown, issue: z.core.$ZodIssue | undefined): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return 'is no object';
  if (issue === undefined) return 'is wrong';
  if (issue.code === 'unrecognized_keys') return `has the unknown key "${issue.keys[0]}"`;
  const [key] = issue.path;
  if (key === undefined || issue.code === 'invalid_union') return issue.message;
  const missing = !Object.hasOwn(value, key);
  return missing ? `has no "${String(key)}"` : `has a "${String(key)}" that is wrong: ${issue.message}`;
}

const hint =
  'For example { "kind": "unit", "unit": "a.service" }, { "kind": "journal", "unit": "a.service", "pattern": "text" } or ' +
  '{ "kind": "port", "port": 80 }; docs/boot-tests.md has all of them.';

/** Why it is no regular expression. */
function patternProblem(text: string): string | undefined {
  try {
    new RegExp(text);
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
