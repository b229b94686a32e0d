import { describedPath } from '../description/add-answers.ts';
import type { Audience, Route } from '../route.ts';
import { escaped, prose } from './html.ts';
import { pageStyle } from './page-style.ts';
import { type JsonSchema, schemaTable } from './schema-rows.ts';

type Content = Readonly<Record<string, { readonly schema?: JsonSchema }>>;

type Operation = {
  readonly summary?: string;
  readonly parameters?: readonly {
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly description?: string;
    readonly schema?: JsonSchema;
  }[];
  readonly requestBody?: { readonly content: Content };
  readonly responses?: Readonly<Record<string, { readonly content?: Content }>>;
};

/** The part of an OpenAPI description that the page shows. */
type Description = {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
};

const keys: Readonly<Record<Audience, string>> = {
  anyone: 'No key is needed.',
  callers: 'Any key.',
  operators: 'An admin’s key, or an operator’s within its scopes.',
  admins: 'An admin’s key.',
  scrapers: 'An admin’s key, or one with the role metrics.',
};

const families: readonly {
  readonly title: string;
  readonly id: string;
  readonly begins: RegExp;
}[] = [
  {
    title: 'For callers',
    id: 'callers',
    begins: /^\/(v1\/|models|chat\/|responses|conversations)/,
  },
  { title: 'Administration', id: 'administration', begins: /^\/(admin|agents)\// },
  { title: 'Security', id: 'security', begins: /^\/security\// },
  { title: 'The console', id: 'console', begins: /^\/console/ },
  { title: 'The gateway itself', id: 'gateway', begins: /./ },
];

/**
 * Makes the page that describes the routes to people: no script, nothing from elsewhere. It is made when it is asked for
 * first, and kept.
 */
export function createDocsPage(
  routes: readonly Route[],
  describe: () => Promise<Readonly<Record<string, unknown>>>,
): () => Promise<string> {
  let page: Promise<string> | undefined;
  return () => {
    page ??= describe().then((description) => render(routes, description as Description));
    return page;
  };
}

function render(routes: readonly Route[], { paths }: Description): string {
  const left = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ path, method, operation })),
  );
  const sections = families.map(({ title, id, begins }) => {
    const own = left.filter(({ path }) => begins.test(path));
    for (const one of own) left.splice(left.indexOf(one), 1);
    const blocks = own.map(({ path, method, operation }) => {
      const route = routes.find(
        (each) => each.method === method.toUpperCase() && describedPath(each) === path,
      );
      return block({ path, method, operation, audience: route?.audience ?? 'admins' });
    });
    return `<h2 id="${id}">${title}</h2>${blocks.join('')}`;
  });
  const links = families.map(({ title, id }) => `<a href="#${id}">${title}</a>`);
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width,initial-scale=1">',
    `<title>Dropgate: routes</title><style>${pageStyle}</style></head><body>`,
    `<h1>Dropgate</h1>${introduction}<nav>${links.join('')}</nav>`,
    ...sections,
    '</body></html>',
  ].join('\n');
}

const introduction = `<p>What this gateway answers. Send your key as <code>Authorization: Bearer dg_…</code>.
Clients of OpenAI’s API take the address of this page as base URL, with <code>/v1</code> in the place of <code>/docs</code>.
Failures come as <code>{"error": {"message", "type", "param", "code"}}</code>. Programs read <code>GET /openapi.json</code>.</p>
<pre>curl -H "authorization: Bearer $DROPGATE_KEY" …/v1/models</pre>`;

function block(shownRoute: {
  readonly path: string;
  readonly method: string;
  readonly operation: Operation;
  readonly audience: Audience;
}): string {
  const { path, method, operation, audience } = shownRoute;
  const { summary = '', parameters = [], requestBody, responses = {} } = operation;
  const parts = [
    `<p>${keys[audience]}</p>`,
    ...(parameters.length > 0 ? [`<h4>Parameters</h4>${parameterTable(parameters)}`] : []),
    ...contents(requestBody?.content).map((schema) => `<h4>Body</h4>${schemaTable(schema)}`),
    ...Object.entries(responses).flatMap(([status, { content }]) =>
      contents(content).map((schema) => `<h4>Answer ${escaped(status)}</h4>${schemaTable(schema)}`),
    ),
  ];
  const head = `<b>${method.toUpperCase()}</b> <code>${escaped(path)}</code><span>${prose(summary)}</span>`;
  return `<details><summary>${head}</summary><div class="body">${parts.join('')}</div></details>`;
}

function parameterTable(parameters: NonNullable<Operation['parameters']>): string {
  const properties = Object.fromEntries(
    parameters.map(({ name, description, schema }) => [
      name,
      { ...schema, ...(description ? { description } : {}) },
    ]),
  );
  const required = parameters.filter((one) => one.required).map(({ name }) => name);
  return schemaTable({ properties, required });
}

function contents(content: Content | undefined): readonly JsonSchema[] {
  return Object.values(content ?? {}).flatMap(({ schema }) => (schema ? [schema] : []));
}
