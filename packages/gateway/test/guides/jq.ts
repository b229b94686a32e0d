// As much of jq as guides use: paths, `[]`, and `select(.a == "b" and .c == null)`.

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** What `jq -r <filter>` prints of a text. Throws for what is no JSON, and for filters that it cannot do. */
export function jq(filter: string, text: string): string {
  let found: readonly Json[] = [JSON.parse(text)];
  for (const step of filter.split(' | ')) {
    found = found.flatMap((value) => apply(step.trim(), value));
  }
  const lines = found.map((each) => (typeof each === 'string' ? each : JSON.stringify(each)));
  return lines.map((line) => `${line}\n`).join('');
}

function apply(step: string, value: Json): readonly Json[] {
  const condition = /^select\((.*)\)$/.exec(step)?.[1];
  if (condition === undefined) return follow(step, value);
  const holds = condition.split(' and ').every((part) => {
    const [path = '', literal = ''] = part.split(' == ');
    return follow(path, value)[0] === JSON.parse(literal);
  });
  return holds ? [value] : [];
}

function follow(path: string, value: Json): readonly Json[] {
  if (!/^\.[\w.[\]]*$/.test(path)) throw new Error(`This jq cannot do ${path}`);
  let values: readonly Json[] = [value];
  for (const [step] of path.matchAll(/\w+|\[\d*\]/g)) {
    values = values.flatMap((each) => into(each, step));
  }
  return values;
}

function into(value: Json, step: string): readonly Json[] {
  if (step === '[]') return Array.isArray(value) ? value : [];
  const name = step.replaceAll(/[[\]]/g, '');
  const record = value as Readonly<Record<string, Json>> | null;
  return [record?.[name] ?? null];
}
