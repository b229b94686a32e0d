import { type Answer, ask, type Headers } from '../ask.ts';
import { type Attack, told } from '../attack.ts';
import { until } from '../until.ts';
import { chat, enter, type World } from './world.ts';

/** Texts that mean something to templates, logs, terminals, pages and scrapers. */
const texts = [
  '{{7*7}}',
  '$'.concat('{7*7}'),
  '<%= 7*7 %>',
  '#{7*7}',
  '%(7)s {0.__class__}',
  '$(touch /tmp/planted)',
  '`touch /tmp/planted`',
  '"}\n{"level":"error","event":"forged","msg":"forged',
  '\r\nlevel=error forged',
  '\u001b[2J\u001b]0;forged\u0007',
  '\u2028forged\u2029',
  '\u202Edesrever',
  '"} 1\nforged_metric{a="b"} 1\n#',
  '\\"} 1',
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  'javascript:alert(1)',
  '%n%s%x',
];

/** A request for each place of it in which a caller writes what it likes. */
function sent({ as, gateway }: World, text: string): Promise<Answer>[] {
  const header = encodeURIComponent(text);
  const plain = Buffer.from(text.replaceAll(/[\r\n\0]/g, ' ')).toString('latin1');
  const chatWith = (model: unknown, more: object = {}, headers: Headers = {}) =>
    as('ui', 'POST', '/v1/chat/completions', { body: chat(model, more), headers });
  return [
    chatWith(text),
    chatWith('labs/open', { user: text.replaceAll(/[^ -~]/g, '') }),
    chatWith('labs/open', { metadata: { k: text } }),
    chatWith('labs/open', { messages: [{ role: 'user', content: text }] }),
    chatWith('labs/open', {}, { 'user-agent': plain.replaceAll(/[^ -~]/g, '') }),
    chatWith('labs/open', {}, { 'x-client-request-id': header }),
    chatWith('labs/open', {}, { traceparent: plain.replaceAll(/[^ -~]/g, '') }),
    chatWith('labs/open', {}, { 'x-librechat-user-id': header }),
    as('caller', 'GET', `/v1/models/${header}`),
    as('caller', 'GET', `/${header}`),
    as('admin', 'GET', `/admin/runs/${header}`),
    ask(gateway, `/docs?x=${header}`),
    ask(gateway, `/console/${header}`),
  ];
}

export const meanings: Attack = {
  title: 'a text of a caller is evaluated, forges a line of the log, a metric or a page',
  languages: ['node'],
  async attempt(_language, victim) {
    const world = await enter(victim);
    const { gateway, as } = world;
    const open: string[] = [];
    let attempts = 0;
    for (const text of texts) {
      const answers = await Promise.all(sent(world, text));
      attempts += answers.length;
      for (const { status, text: answer } of answers) {
        if (status >= 500) open.push(`${text} fails`);
        if (answer.startsWith('<') && /<script>alert|onerror=alert/.test(answer)) {
          open.push(`a page holds ${text}`);
        }
      }
      const said = answers[3]?.text ?? '';
      if (/49/.test(said.replaceAll(/"(id|created)":[^,]*/g, '').replaceAll(/chatcmpl-\w+/g, ''))) {
        open.push(`${text} was evaluated`);
      }
    }
    await until(() => gateway.log().includes('run'));
    const lines = gateway.log().split('\n').slice(0, -1);
    if (lines.length < texts.length) open.push('there is no log');
    for (const line of lines) {
      const parsed = parsedOf(line);
      if (!parsed) open.push(`no line of a log: ${line.slice(0, 60)}`);
      else if (parsed.event === 'forged' || parsed.msg === 'forged') open.push('a line is forged');
      if (line.includes('\u001b')) open.push('a line moves the cursor');
    }
    const { text: metrics } = await as('admin', 'GET', '/metrics');
    const strange = metrics.split('\n').filter((line) => line !== '' && !sample.test(line));
    open.push(...strange.map((line) => `a metric is forged: ${line.slice(0, 60)}`));
    return told(open, attempts + 2);
  },
};

/** A line of metrics that is no comment: a name of ours, labels whose quotes are escaped, a number. */
const sample =
  /^(#.*|(dropgate|gen_ai|process|nodejs|http)_\w+(\{(\w+="(\\.|[^"\\])*",?)*\})? [-+\d.eE]+|target_info.*)$/;

function parsedOf(line: string): { event?: unknown; msg?: unknown } | null {
  try {
    return JSON.parse(line) as { event?: unknown; msg?: unknown };
  } catch {
    return null;
  }
}

/** So many names, each sent once, that metrics would hold a series for each. */
const namesSent = 1500;

export const labels: Attack = {
  title: 'thousands of names that callers make up become series of metrics',
  languages: ['node'],
  async attempt(_language, victim) {
    const { as } = await enter(victim);
    const seriesOf = async () => (await as('admin', 'GET', '/metrics')).text.split('\n').length;
    const before = await seriesOf();
    for (let from = 0; from < namesSent; from += 50) {
      await Promise.all(
        Array.from({ length: 50 }, (_, index) => {
          const name = `made-up-${from + index}-${'x'.repeat(200)}`;
          const kind = index % 4;
          if (kind === 0) return as('caller', 'POST', '/v1/chat/completions', { body: chat(name) });
          if (kind === 1) return as('caller', 'GET', `/${name}`);
          if (kind === 2) {
            return as('ui', 'GET', '/v1/models', { headers: { 'x-librechat-user-id': name } });
          }
          return as('caller', 'POST', '/v1/chat/completions', {
            body: chat('labs/none', { user: name, metadata: { name } }),
            headers: { 'user-agent': name, 'x-client-request-id': name },
          });
        }),
      );
    }
    const grown = (await seriesOf()) - before;
    return told(grown < 200 ? [] : [`${grown} more lines`], namesSent);
  },
};
