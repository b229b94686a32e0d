import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync, type TSTypeLiteral } from 'oxc-parser';
import { workspaceRoot } from '../source-files.ts';
import { code, pageHead, table } from './markdown.ts';

const path = 'packages/gateway/src/events.ts';

type Member = TSTypeLiteral['members'][number];

/** `docs/events.md`: everything the gateway says about itself, read from the union in `events.ts`. */
export function eventsPage(): string {
  const text = readFileSync(join(workspaceRoot, path), 'utf8');
  const { program, comments } = parseSync(path, text);
  /** The doc comment that ends between the two offsets. */
  const commentIn = (from: number, to: number) =>
    comments
      .filter((one) => one.start >= from && one.end <= to && one.value.startsWith('*'))
      .map((one) => one.value.replaceAll(/^\*|^\s*\* ?/gm, '').trim())
      .at(-1) ?? '';

  const sections = unionMembers(program.body).map((event, index, all) => {
    const previousEnd = index === 0 ? 0 : (all[index - 1]?.end ?? 0);
    const about = index === 0 ? '' : commentIn(previousEnd, event.start);
    const fields = event.members.flatMap((member, at) => {
      const name = nameOf(member, text);
      if (name === 'type') return [];
      const before = event.members[at - 1]?.end ?? event.start;
      return [[code(name), code(typeOf(member, text)), commentIn(before, member.start)]];
    });
    const body = fields.length > 0 ? table(['Field', 'Type', 'Meaning'], fields) : '';
    return [`## \`${eventName(event, text)}\`\n`, about && `${about}\n`, body]
      .filter(Boolean)
      .join('\n');
  });
  const introduction =
    'The gateway keeps no books itself: it says what happens, and listeners write the log, count and remember.';
  return `${pageHead('Events', introduction)}\n${sections.join('\n')}`;
}

function unionMembers(body: readonly unknown[]): TSTypeLiteral[] {
  for (const statement of body as readonly Record<string, unknown>[]) {
    const declaration = (statement.declaration ?? statement) as Record<string, unknown>;
    const { id, typeAnnotation } = declaration as {
      id?: { name?: string };
      typeAnnotation?: { type: string; types: { type: string }[] };
    };
    if (id?.name === 'GatewayEvent' && typeAnnotation?.type === 'TSUnionType') {
      return typeAnnotation.types.filter(
        (one): one is TSTypeLiteral => one.type === 'TSTypeLiteral',
      );
    }
  }
  throw new Error(`${path} has no union named GatewayEvent.`);
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
