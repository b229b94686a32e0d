import type { CheckResult } from '../../cases/generic/check-result.ts';
import type { CaseResult } from '../../cases/play-cases.ts';
import type { TestReport } from './test-report.ts';

/** A report as JUnit's XML, which the pages of most CI servers show: a suite for each agent. */
export function junitReport({ agents, checks, cases }: TestReport): string {
  const suites = agents.map(({ id, status }) => {
    const tests = [
      ...checks.filter(({ agent }) => agent === id).map(testOfCheck),
      ...cases.filter(({ agent }) => agent === id).map(testOfCase),
    ];
    if (status === 'failed' && !tests.some(({ name }) => name === 'loads')) {
      const inner = problem('error', 'The agent does not load.');
      tests.push({ name: 'loads', kind: 'error', inner, durationMs: 0 });
    } else if (tests.length === 0) {
      const inner = element('skipped', { message: 'The agent has no case.' });
      tests.push({ name: 'cases', kind: 'skipped', inner, durationMs: 0 });
    }
    const counted = (wanted: Test['kind']) => tests.filter(({ kind }) => kind === wanted).length;
    const counts = {
      tests: `${tests.length}`,
      failures: `${counted('failure')}`,
      errors: `${counted('error')}`,
      skipped: `${counted('skipped')}`,
      time: seconds(tests.reduce((sum, { durationMs }) => sum + durationMs, 0)),
    };
    const lines = tests.map((test) => lineOf(id, test));
    return element('testsuite', { name: id, ...counts }, `\n${lines.join('\n')}\n`);
  });
  const inner = suites.length === 0 ? '' : `\n${suites.join('\n')}\n`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element('testsuites', { name: 'dropgate test' }, inner)}\n`;
}

type Test = {
  readonly name: string;
  readonly kind: 'passed' | 'failure' | 'error' | 'skipped';
  readonly inner: string;
  readonly file?: string;
  readonly durationMs: number;
};

function testOfCheck({ check: name, result, message, duration_ms: durationMs }: CheckResult): Test {
  const told = message ?? '';
  if (result === 'passed') return { name, kind: 'passed', inner: '', durationMs };
  return result === 'failed'
    ? { name, kind: 'failure', inner: problem('failure', told), durationMs }
    : { name, kind: 'skipped', inner: element('skipped', { message: told }), durationMs };
}

function testOfCase({ name, file, duration_ms: durationMs, ...came }: CaseResult): Test {
  return { name, file, durationMs, ...outcomeOf(came) };
}

function outcomeOf(
  came: Pick<CaseResult, 'error' | 'skipped' | 'difference' | 'held' | 'played'>,
): Pick<Test, 'kind' | 'inner'> {
  const { error, skipped, difference, held, played } = came;
  if (error !== null) return { kind: 'error', inner: problem('error', error) };
  if (skipped !== null) return { kind: 'skipped', inner: element('skipped', { message: skipped }) };
  if (!difference) return { kind: 'passed', inner: '' };
  const { message, changes } = difference;
  const details = changes.map(({ path, recorded, replayed }) =>
    [path, `- ${JSON.stringify(recorded)}`, `+ ${JSON.stringify(replayed)}`].join('\n'),
  );
  const often = `It held ${held} of ${played} times.`;
  const inner = problem('failure', message, [often, ...details].join('\n'));
  return { kind: 'failure', inner };
}

function lineOf(agent: string, { name, file, durationMs, inner }: Test): string {
  const about = { classname: agent, name, ...(file === undefined ? {} : { file }) };
  return element('testcase', { ...about, time: seconds(durationMs) }, inner);
}

function problem(name: 'failure' | 'error', message: string, details = message): string {
  return element(name, { message }, escaped(details));
}

function element(name: string, attributes: Readonly<Record<string, string>>, inner = ''): string {
  const written = Object.entries(attributes).map(([key, value]) => ` ${key}="${escaped(value)}"`);
  const start = `<${name}${written.join('')}`;
  return inner === '' ? `${start}/>` : `${start}>${inner}</${name}>`;
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\n': '&#10;',
};

/** What XML has no way to write is left out: most control characters, and halves of pairs. */
function escaped(text: string): string {
  return text
    .toWellFormed()
    .replaceAll(/[^\t\n\r\u0020-\uFFFD\u{10000}-\u{10FFFF}]/gu, '')
    .replaceAll(/[&<>"\n]/g, (sign) => entities[sign] ?? sign);
}
