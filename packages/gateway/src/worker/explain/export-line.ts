import type { ModuleFacts } from '../facts/module-facts.ts';

/** The line that makes what an expression gives the one that is served; it parses and loads at the end of the file. */
export function exportLine(expression: string, facts: ModuleFacts): string {
  if (facts.isCommonJs) return `module.exports.agent = ${expression};`;
  if (!facts.hasDefault) return `export default ${expression};`;
  if (expression === 'agent') return 'export { agent };';
  const names = [...facts.declared, ...facts.imported];
  if (!names.includes('agent')) return `export const agent = ${expression};`;
  return `export const buildAgent = () => ${expression};`;
}
