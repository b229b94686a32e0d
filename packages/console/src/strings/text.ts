import english from './en.json';

/** Every text of the console, by page. */
export const text = english;

/** Puts values in place of `{name}` in a text; a name without a value stays as it is. */
export function fill(template: string, values: Readonly<Record<string, string | number>>): string {
  return template.replaceAll(/\{(\w+)\}/g, (whole, name: string) => `${values[name] ?? whole}`);
}
