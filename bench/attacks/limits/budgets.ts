import { setTimeout as wait } from 'node:timers/promises';
import { type Attack, type AttackGroup, type Verdict, verdict } from '../attack.ts';
import type { VictimGateway, VictimOptions } from '../victim.ts';
import { spy } from './budget-modules.ts';

const both = ['node', 'python'] as const;
const settings = 'worker: { max_concurrent_runs: 2, max_queued_runs: 4, spares: 0 }\n';
const budget = ['--tokens-per-day', '12000'];
const content = (answer: { text: string }) =>
  (JSON.parse(answer.text) as { choices?: { message: { content: string } }[] }).choices?.[0]
    ?.message.content ?? answer.text;

const counted: NonNullable<VictimOptions['upstream']> = (_request, _body, response) => {
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify({ usage: { input_tokens: 2000, output_tokens: 1000 } }));
};

/** An agent that does what its caller says, and keys with a budget, with one run at once, and without limits. */
const started = (victim: Parameters<Attack['attempt']>[1], language: 'node' | 'python') =>
  victim.start({
    files: { 'gateway.yaml': settings, ...spy[language] },
    keys: { budgeted: budget, single: ['--concurrent-runs', '1'], greedy: [], modest: [] },
    upstream: counted,
  });

const isUntried = ({ status }: { status: number }) => status === 503;
const untried: Verdict = { outcome: 'untried', detail: 'no Python with the SDK' };

async function says(gateway: VictimGateway, key: string, what: string): Promise<string> {
  return content(await gateway.ask('default/spy', { key: gateway.keys[key] ?? '', content: what }));
}

const uncounted: Attack = {
  title:
    'a model call that is no JSON by its type, or made by a queue after the run, is not counted',
  languages: both,
  async attempt(language, victim) {
    const gateway = await started(victim, language);
    if (isUntried(await gateway.ask('default/spy', { content: 'most' }))) return untried;
    const text = await says(gateway, 'budgeted', 'text');
    await says(gateway, 'budgeted', 'later');
    let told = 'nothing yet';
    while (told === 'nothing yet') {
      await wait(700);
      told = await says(gateway, 'budgeted', 'told');
    }
    return verdict(text === '400' && told === '403', `as text ${text}, by a queue ${told}`);
  },
};

const overdrawn: Attack = {
  title: 'calls go on when the tokens are used up',
  languages: both,
  async attempt(language, victim) {
    const gateway = await started(victim, language);
    if (isUntried(await gateway.ask('default/spy', { content: 'most' }))) return untried;
    const statuses: string[] = [];
    while (statuses.length < 8) statuses.push(await says(gateway, 'budgeted', 'call'));
    const passed = statuses.filter((status) => status === '200').length;
    return verdict(
      passed > 0 && passed <= 4,
      `${passed} of 8 calls, which cost 3,000 of 12,000 each`,
    );
  },
};

const left: Attack = {
  title: 'callers leave runs that go on, and begin others',
  languages: both,
  async attempt(language, victim) {
    const gateway = await started(victim, language);
    if (isUntried(await gateway.ask('default/spy', { content: 'most' }))) return untried;
    for (let round = 0; round < 4; round += 1) {
      const messages = [{ role: 'user', content: 'stay' }];
      await gateway
        .fetch('/v1/chat/completions', {
          method: 'POST',
          key: gateway.keys.single ?? '',
          body: JSON.stringify({ model: 'default/spy', messages }),
          signal: AbortSignal.timeout(400),
        })
        .catch(() => undefined);
    }
    const most = await says(gateway, 'modest', 'most');
    return verdict(most === '1', `${most} at once where 1 is allowed`);
  },
};

const claims: Attack = {
  title: 'a module writes to the gateway that a key is bad and what a run has cost',
  languages: both,
  async attempt(language, victim) {
    const gateway = await started(victim, language);
    if (isUntried(await gateway.ask('default/spy', { content: 'most' }))) return untried;
    const { status } = await gateway.ask('default/spy', { content: 'claim' });
    const { totals } = (await (await gateway.fetch('/admin/usage')).json()) as {
      totals: Record<string, number>;
    };
    const most = Math.max(...Object.values(totals));
    return verdict(status === 500 && most < 1e6, `status ${status}, largest total ${most}`);
  },
};

const queue: Attack = {
  title: 'one key fills the queue of an agent',
  languages: ['node'],
  async attempt(_language, victim) {
    const gateway = await started(victim, 'node');
    const greedy = Array.from({ length: 12 }, () => says(gateway, 'greedy', 'short'));
    await wait(50);
    const answer = await says(gateway, 'modest', 'short');
    await Promise.all(greedy);
    return verdict(answer === 'short', answer.slice(0, 80));
  },
};

const names: Attack = {
  title: 'ten keys are made of one name at once',
  languages: ['node'],
  async attempt(_language, victim) {
    const gateway = await victim.start({ files: { 'gateway.yaml': settings } });
    const body = JSON.stringify({ name: 'twin', role: 'caller' });
    const made = await Promise.all(
      Array.from({ length: 10 }, () => gateway.fetch('/security/keys', { method: 'POST', body })),
    );
    const count = made.filter(({ ok }) => ok).length;
    return verdict(count === 1, `${count} made`);
  },
};

const echoed: Attack = {
  title: 'streams that echo a count of nothing and are left early cost nothing',
  languages: ['node'],
  async attempt(_language, victim) {
    const usage = { input_tokens: 0, output_tokens: 0 };
    const event = (data: object) => `data: ${JSON.stringify(data)}\n\n`;
    const gateway = await victim.start({
      files: {
        'gateway.yaml': settings,
        'src/agents/Chat/agent.ts':
          "import { Agent } from '@openai/agents';\nexport const agent = new Agent({ name: 'Chat' });\n",
      },
      keys: { budgeted: budget },
      upstream(_request, _body, response) {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(event({ type: 'response.created', response: { text: { usage } } }));
        const delta = 'word '.repeat(2000);
        response.write(event({ type: 'response.output_text.delta', item_id: 'm', delta }));
      },
    });
    let begun = 0;
    for (let round = 0; round < 10; round += 1) {
      const stream = await gateway.fetch('/v1/chat/completions', {
        method: 'POST',
        key: gateway.keys.budgeted ?? '',
        body: JSON.stringify({
          model: 'default/chat',
          stream: true,
          messages: [{ role: 'user', content: 'Hi' }],
        }),
      });
      const reader = stream.body?.getReader();
      let text = '';
      while (!/word|error/.test(text)) {
        const piece = await reader?.read();
        if (!piece || piece.done) break;
        text += Buffer.from(piece.value).toString();
      }
      await reader?.cancel();
      if (text.includes('word')) begun += 1;
      await wait(200);
    }
    return verdict(begun > 0 && begun <= 6, `${begun} of 10 streams of 2,500 tokens, of 12,000`);
  },
};

/** What keys with limits, and modules that serve them, try. */
export const budgets: AttackGroup = {
  heading: 'Budgets and limits',
  attacks: [uncounted, overdrawn, left, claims, queue, names, echoed],
};
