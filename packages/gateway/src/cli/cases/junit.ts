import type { CaseResult } from './play-cases.ts';
import type { TestReport } from './test-report.ts';

/** A report as JUnit's XML, which the pages of most CI servers show: a suite for each agent. */
export function junitReport({ agents, cases }: TestReport): string {
  const suites = agents.map(({ id, status }) => {
    const own = cases.filter(({ agent }) => agent === id);
    const lines = own.map(caseLines);
    if (status === 'failed') {
      lines.push(
        oneCase(id, { name: 'load', inner: problem('error', 'The agent does not load.') }),
      );
    } else if (own.length === 0) {
      const inner = element('skipped', { message: 'The agent has no case.' });
      lines.push(oneCase(id, { name: 'cases', inner }));
    }
    const errors = own.filter(({ error }) => error !== null).length;
    const counts = {
      tests: `${lines.length}`,
      failures: `${own.filter(({ result }) => result === 'failed').length - errors}`,
      errors: `${errors + (status === 'failed' ? 1 : 0)}`,
      skipped: `${status !== 'failed' && own.length === 0 ? 1 : 0}`,
      time: seconds(own.reduce((sum, { duration_ms }) => sum + duration_ms, 0)),
    };
    return element('testsuite', { name: id, ...counts }, `\n${lines.join('\n')}\n`);
  });
  const inner = suites.length === 0 ? '' : `\n${suites.join('\n')}\n`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element('testsuites', { name: 'dropgate test' }, inner)}\n`;
}

function caseLines({ agent, name, file, ...came }: CaseResult): string {
  const time = seconds(came.duration_ms);
  return oneCase(agent, { name, file, time, inner: innerOf(came) });
}

function innerOf({
  error,
  difference,
  held,
  played,
}: Pick<CaseResult, 'error' | 'difference' | 'held' | 'played'>): string {
  if (error !== null) return problem('error', error);
  if (!difference) return '';
  const { message, changes } = difference;
  const details = changes.map(({ path, recorded, replayed }) =>
    [path, `- ${JSON.stringify(recorded)}`, `+ ${JSON.stringify(replayed)}`].join('\n'),
  );
  const often = `It held ${held} of ${played} times.`;
  return problem('failure', message, [often, ...details].join('\n'));
}

function oneCase(
  agent: string,
  { inner, ...about }: { name: string; inner: string; file?: string; time?: string },
): string {
  return element('testcase', { classname: agent, ...about }, inner);
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
