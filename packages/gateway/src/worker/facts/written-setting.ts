import { bareExpression, identifierName, keyName, nodeOf, nodesOf, parseSource } from './syntax.ts';

/**
 * The literal that a module gives a field of `__gateway__` in writing, known before it is imported; undefined where it
 * gives none, or another expression.
 */
export function writtenSetting(path: string, text: string, name: string): unknown {
  // To parse takes time, and hardly any module has it.
  if (!text.includes('__gateway__') || !text.includes(name)) return undefined;
  for (const statement of nodesOf(parseSource(path, text)?.body)) {
    const { declarations } = nodeOf(statement.declaration) ?? statement;
    const metadata = nodesOf(declarations).find(({ id }) => identifierName(id) === '__gateway__');
    const fields = nodesOf(bareExpression(metadata?.init)?.properties);
    const value = bareExpression(fields.find((field) => keyName(field) === name)?.value);
    if (value) return value.type === 'Literal' ? value.value : undefined;
  }
  return undefined;
}
