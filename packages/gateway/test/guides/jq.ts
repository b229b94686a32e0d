// `node jq.ts -r <filter>`: as much of jq as guides use: paths, `[]`, and `select(.a == "b" and .c == null)`.
import { readFileSync } from 'node:fs';

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

const filter = process.argv.at(-1) ?? '.';
let found: readonly Json[] = [JSON.parse(readFileSync(0, 'utf8'))];
for (const step of filter.split(/ \| /))
  found = found.flatMap((value) => apply(step.trim(), value));
for (const each of found) {
  process.stdout.write(`${typeof each === 'string' ? each : JSON.stringify(each)}\n`);
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
