import { fill, text } from '../../../strings/text.ts';
import type { chatBody } from '../chat/chat-body.ts';

/** Languages in which a request can be had. */
export type SnippetLanguage = 'curl' | 'typescript' | 'python';

/** A request as code that makes it. It takes the key from the environment, and files are named alone. */
export function snippetOf(
  language: SnippetLanguage,
  url: string,
  body: ReturnType<typeof chatBody>,
): string {
  const json = JSON.stringify({ ...body, stream: true }, withoutFiles, 2);
  switch (language) {
    case 'curl':
      return [
        `curl -N ${url}/v1/chat/completions \\`,
        '  -H "authorization: Bearer $DROPGATE_KEY" \\',
        "  -H 'content-type: application/json' \\",
        `  -d '${json.replaceAll("'", "'\\''")}'`,
      ].join('\n');
    case 'typescript':
      return [
        "import OpenAI from 'openai';",
        '',
        `const client = new OpenAI({ baseURL: '${url}/v1', apiKey: process.env.DROPGATE_KEY });`,
        `const stream = await client.chat.completions.create(${json});`,
        'for await (const chunk of stream) {',
        "  process.stdout.write(chunk.choices[0]?.delta.content ?? '');",
        '}',
      ].join('\n');
    case 'python':
      return [
        'import json',
        'import os',
        '',
        'from openai import OpenAI',
        '',
        `client = OpenAI(base_url="${url}/v1", api_key=os.environ["DROPGATE_KEY"])`,
        // A text of JSON is one of Python too, which JSON itself is not.
        `request = json.loads(${JSON.stringify(json)})`,
        'for chunk in client.chat.completions.create(**request):',
        '    if chunk.choices:',
        '        print(chunk.choices[0].delta.content or "", end="", flush=True)',
      ].join('\n');
    default:
      return language satisfies never;
  }
}

function withoutFiles(_name: string, value: unknown): unknown {
  if (typeof value !== 'string' || !value.startsWith('data:')) return value;
  return fill(text.playground.snippet.attached, { name: value.slice(5, value.indexOf(';')) });
}
