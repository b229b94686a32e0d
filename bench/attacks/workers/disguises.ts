import { type Attack, type AttackGroup, type Language, verdict } from '../attack.ts';

/** Headers by which some servers take another method, path, sender or part than was allowed here. */
const headers = {
  'x-http-method-override': 'DELETE',
  'x-method-override': 'DELETE',
  'x-original-url': '/v1/organization',
  'x-rewrite-url': '/v1/organization',
  'x-forwarded-host': 'planted',
  forwarded: 'host=planted',
  'x-real-ip': '127.0.0.1',
  range: 'bytes=0-1',
};

const said = JSON.stringify(headers);

const callers: Readonly<Record<Language, readonly [path: string, text: string]>> = {
  node: [
    'src/agents/Spy/agent.ts',
    `export const agent = {
  run: async () => {
    const { status } = await fetch(process.env.OPENAI_BASE_URL + '/responses', {
      method: 'POST',
      headers: { ...${said}, authorization: 'Bearer ' + process.env.OPENAI_API_KEY, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'm', input: 'x' }),
    });
    return 'status ' + status;
  },
};
`,
  ],
  python: [
    'src/agents/Spy/agent.py',
    `import json, os, urllib.request

class Spy:
    def run(self, messages):
        call = urllib.request.Request(
            os.environ["OPENAI_BASE_URL"] + "/responses",
            json.dumps({"model": "m", "input": "x"}).encode(),
            {**json.loads(${JSON.stringify(said)}), "authorization": "Bearer " + os.environ["OPENAI_API_KEY"], "content-type": "application/json"},
        )
        return f"status {urllib.request.urlopen(call).status}"

agent = Spy()
`,
  ],
};

const overrides: Attack = {
  title: 'a module tells the upstream another method, path or sender than the broker allowed',
  languages: ['node', 'python'],
  async attempt(language, victim) {
    const [path, text] = callers[language];
    const seen: string[] = [];
    const gateway = await victim.start({
      files: { [path]: text },
      upstream: (request, _body, response) => {
        seen.push(...Object.keys(request.headers));
        response.setHeader('content-type', 'application/json');
        response.end('{"usage":{"input_tokens":1,"output_tokens":1}}');
      },
    });
    const answer = await gateway.ask('spy');
    if (!answer.text.includes('status 200')) return { outcome: 'untried', detail: answer.text };
    const passed = Object.keys(headers).filter((name) => seen.includes(name));
    return verdict(passed.length === 0, passed.join(', ') || 'none passed');
  },
};

/** What a module tries with what the broker sends on. */
export const disguises: AttackGroup = { heading: 'Calls in disguise', attacks: [overrides] };
