import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync, type TSTypeLiteral } from 'oxc-parser';
import { workspaceRoot } from '../source-files.ts';
import { code, pageHead, table } from './markdown.ts';

/** Where the types stand that are joined in `GatewayEvent`. */
const unions = [
  { path: 'packages/gateway/src/events.ts', name: 'GatewayEvent' },
  { path: 'packages/gateway/src/protocol/events/approval-events.ts', name: 'ApprovalEvent' },
  { path: 'packages/gateway/src/protocol/events/policy-events.ts', name: 'PolicyEvent' },
  { path: 'packages/gateway/src/protocol/events/upstream-events.ts', name: 'UpstreamEvent' },
  { path: 'packages/gateway/src/protocol/worker/worker-events.ts', name: 'WorkerEvent' },
  { path: 'packages/gateway/src/protocol/usage/model-called.ts', name: 'ModelCalled' },
];

type Member = TSTypeLiteral['members'][number];

/** `docs/events.md`: everything the gateway says about itself, read from the unions of events. */
export function eventsPage(): string {
  const sections = unions.flatMap(sectionsOf);
  const introduction =
    'The gateway keeps no books itself: it says what happens, and listeners write the log, count and remember.';
  return `${pageHead('Events', introduction)}\n${sections.join('\n')}`;
}

function sectionsOf({ path, name }: (typeof unions)[number]): string[] {
  const text = readFileSync(join(workspaceRoot, path), 'utf8');
  const { program, comments } = parseSync(path, text);
  const union = unionIn(program.body, name);
  /** The doc comment that ends between the two offsets. */
  const commentIn = (from: number, to: number) =>
    comments
      .filter((one) => one.start >= from && one.end <= to && one.value.startsWith('*'))
      .map((one) => one.value.replaceAll(/^\*|^\s*\* ?/gm, '').trim())
      .at(-1) ?? '';

  return union.members.map((event, index, all) => {
    const about = commentIn(all[index - 1]?.end ?? union.start, event.start);
    const fields = event.members.flatMap((member, at) => {
      const field = nameOf(member, text);
      if (field === 'type') return [];
      const before = event.members[at - 1]?.end ?? event.start;
      return [[code(field), code(typeOf(member, text)), commentIn(before, member.start)]];
    });
    const body = fields.length > 0 ? table(['Field', 'Type', 'Meaning'], fields) : '';
    return [`## \`${eventName(event, text)}\`\n`, about && `${about}\n`, body]
      .filter(Boolean)
      .join('\n');
  });
}

/** The events of a type, and where it begins. */
function unionIn(body: readonly unknown[], name: string) {
  for (const statement of body as readonly Record<string, unknown>[]) {
    const declaration = (statement.declaration ?? statement) as Record<string, unknown>;
    const { id, typeAnnotation } = declaration as {
      id?: { name?: string };
      typeAnnotation?: { type: string; start: number; types: { type: string }[] };
    };
    // What is said of a type that is one event stands above it.
    if (id?.name === name && typeAnnotation?.type === 'TSTypeLiteral') {
      return { members: [typeAnnotation as unknown as TSTypeLiteral], start: 0 };
    }
    if (id?.name === name && typeAnnotation?.type === 'TSUnionType') {
      const members = typeAnnotation.types.filter(
        (one): one is TSTypeLiteral => one.type === 'TSTypeLiteral',
      );
      // Its first comment stands before the first `|`, where the type itself begins.
      return { members, start: (id as { end?: number }).end ?? typeAnnotation.start };
    }
  }
  throw new Error(`There is no event or union named ${name}.`);
}

function eventName(event: TSTypeLiteral, text: string): string {
  const type = event.members.find((member) => nameOf(member, text) === 'type');
  return type ? typeOf(type, text).replaceAll("'", '') : '?';
}

function nameOf(member: Member, text: string): string {
  if (member.type !== 'TSPropertySignature') return '';
  return text.slice(member.key.start, member.key.end);
}

function typeOf(member: Member, text: string): string {
  if (member.type !== 'TSPropertySignature' || !member.typeAnnotation) return '';
  const { start, end } = member.typeAnnotation.typeAnnotation;
  return text.slice(start, end).replaceAll(/\s+/g, ' ').replace(/^\| /, '');
}
