import { junit } from './junit';
import type { BootReport } from './report';

const report: BootReport = {
  version: 1,
  machine: 'qemux86-64',
  boot: 'kernel',
  accelerator: 'tcg',
  phases: {},
  firstLine: {},
  took: 20_500,
  checks: [
    { check: { kind: 'unit', unit: 'a' }, passed: true, after: 9001, evidence: ['active (running)'] },
    {
      check: { kind: 'file', path: '/a&b', pattern: '"<x>"' },
      passed: false,
      evidence: ['no \u001b[31m]]>\u0000\uFFFF'],
    },
    { check: { kind: 'port', port: 80, mayFail: true }, passed: false, evidence: [] },
  ],
  failure: 'the boot test of dev failed',
};

test('a test case for each check, with what was seen; XML has every character that it may have', () => {
  const lines = junit('dev', report).replaceAll('><', '>\n<').split('\n');
  expect(lines).toEqual([
    '<?xml version="1.0" encoding="UTF-8"?>',
    '<testsuites>',
    '<testsuite name="boot-test of dev" tests="3" failures="1" errors="0" skipped="1" time="20.500">',
    '<properties>',
    '<property name="machine" value="qemux86-64"/>',
    '<property name="boot" value="kernel"/>',
    '<property name="accelerator" value="tcg"/>',
    '</properties>',
    '<testcase classname="dev.unit" name="a.service is active" time="9.001">',
    '<system-out>active (running)</system-out>',
    '</testcase>',
    '<testcase classname="dev.file" name="/a&amp;b matches /&quot;&lt;x&gt;&quot;/" time="0.000">',
    '<failure message="not true: /a&amp;b matches /&quot;&lt;x&gt;&quot;/ (no ]]&gt;)"/>',
    '<system-out>no ]]&gt;</system-out>',
    '</testcase>',
    '<testcase classname="dev.port" name="port 80 is listened on" time="0.000">',
    '<skipped message="may fail: not true: port 80 is listened on (not looked at yet)"/>',
    '</testcase>',
    '<system-err>the boot test of dev failed</system-err>',
    '</testsuite>',
    '</testsuites>',
    '',
  ]);
});

test('the same report gives the same bytes', () => {
  expect(junit('dev', structuredClone(report))).toBe(junit('dev', report));
});
