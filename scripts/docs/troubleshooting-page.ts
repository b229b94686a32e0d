import { failures } from '../../packages/gateway/src/errors.ts';
import { code, pageHead, table } from './markdown.ts';
import { groups } from './troubleshooting/groups.ts';
import { saidCodes, saidNowhere } from './troubleshooting/said-codes.ts';

const introduction = `Find the code that you see, or the symptom. The same code stands in the log, in the commands and in the answers over HTTP.

| you see | look here |
| --- | --- |
| an agent is missing, or does not do what its file says | \`npx dropgate agents errors\` |
| a file is about to be deployed | \`npx dropgate check\` |
| a caller got an error | the log, by the answer's \`x-request-id\` |
| a run did something odd | \`npx dropgate runs show <run>\` |
| the gateway, an upstream or the machine is not well | \`npx dropgate status\`, \`npx dropgate doctor\` |

In this page:

${groups.map(({ title }) => `- [${title}](#${slugOf(title)})`).join('\n')}`;

/** \`docs/guides/Troubleshooting.md\`: a row for each code. Throws where a code has no row, or a row no code. */
export function troubleshootingPage(): string {
  assertComplete();
  const sections = groups.map(({ title, where, capability, rows }) => {
    const lines = rows.map((row) => [code(row.code), row.symptom, row.cause, row.fix]);
    const heads = ['Code', 'What you see', 'Cause', 'Fix'];
    const about = `You see it in: ${where}. It belongs to: ${capability}.`;
    return `\n## ${title}\n\n${about}\n\n${table(heads, lines)}`;
  });
  return pageHead('Troubleshooting', introduction) + sections.join('');
}

function assertComplete(): void {
  const told = groups.flatMap(({ rows }) => rows.map((row) => row.code));
  const twice = told.filter((each, index) => told.indexOf(each) !== index);
  const known = new Set(told);
  const missing = [...saidCodes(), ...Object.keys(failures)].filter((each) => !known.has(each));
  const stale = saidNowhere(told);
  const problems = [
    ...[...new Set(missing)].map((each) => `${each} has no row`),
    ...stale.map((each) => `${each} is said nowhere`),
    ...twice.map((each) => `${each} has two rows`),
  ];
  if (problems.length > 0) {
    throw new Error(`scripts/docs/troubleshooting: ${problems.join(', ')}.`);
  }
}

function slugOf(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\w -]/g, '')
    .replaceAll(' ', '-');
}
