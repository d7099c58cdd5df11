import { plainText } from './console';
import { checkName, missingOf } from './checks';
import type { CheckState } from './checks';
import type { BootReport } from './report';

/**
 * The report in the form that CI services read (JUnit's XML, as Jenkins' and GitLab's parsers take it): one test case a
 * check. One that may fail and did is skipped there, because the form has no word for it.
 * @param name of the runtime
 */
export function junit(name: string, report: BootReport): string {
  const count = (outcome: string): number => report.checks.filter((state) => outcomeOf(state) === outcome).length;
  const counts = { tests: report.checks.length, failures: count('failure'), errors: 0, skipped: count('skipped') };
  const { machine, boot, accelerator } = report;
  const suite = element('testsuite', { name: `boot-test of ${name}`, ...counts, time: seconds(report.took) }, [
    element(
      'properties',
      {},
      Object.entries({ machine, boot, accelerator }).map(([key, value]) =>
        element('property', { name: key, value }, []),
      ),
    ),
    ...report.checks.map((state) => testCase(name, state)),
    ...(report.failure === undefined ? [] : [element('system-err', {}, [escape(report.failure)])]),
  ]);
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element('testsuites', {}, [suite])}\n`;
}

function testCase(name: string, state: CheckState): string {
  const { check, evidence, after } = state;
  const outcome = outcomeOf(state);
  const attributes = { classname: `${name}.${check.kind}`, name: checkName(check), time: seconds(after ?? 0) };
  return element('testcase', attributes, [
    ...(outcome === 'failure' ? [element('failure', { message: missingOf(state) }, [])] : []),
    ...(outcome === 'skipped' ? [element('skipped', { message: `may fail: ${missingOf(state)}` }, [])] : []),
    ...(evidence.length === 0 ? [] : [element('system-out', {}, [escape(evidence.join('\n'))])]),
  ]);
}

function outcomeOf({ passed, check }: CheckState): 'passed' | 'failure' | 'skipped' {
  return passed ? 'passed' : check.mayFail ? 'skipped' : 'failure';
}

function element(name: string, attributes: Record<string, string | number>, children: string[]): string {
  const words = Object.entries(attributes).map(
    ([key, value]) => ` ${key}="${escape(String(value)).replaceAll('\n', '&#10;')}"`,
  );
  const start = `<${name}${words.join('')}`;
  return children.length === 0 ? `${start}/>` : `${start}>${children.join('')}</${name}>`;
}

/** Text for XML 1.0, which has no way to write most control characters. */
export function escape(text: string): string {
  const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return plainText(text)
    .replace(/[\uFFFE\uFFFF]/g, '')
    .replace(/[&<>"]/g, (character) => entities[character] ?? character);
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(3);
}
