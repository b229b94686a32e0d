import { pathToFileURL } from 'node:url';
import { takeBindings } from '../facts/bindings.ts';
import type { ModuleHooks } from '../load/module-hooks.ts';
import { exportsOf, type ModuleExports } from '../load/pick-export.ts';
import type { LoadScript } from './load-script.ts';
import type { LoadPatience } from './stuck-import.ts';

type ImportTools = {
  readonly hooks: ModuleHooks;
  readonly script: LoadScript;
  readonly patience: LoadPatience;
};

/** What the entry exports and holds; where only its script fails, or waits on and on, what it had by then. */
export async function importEntry(
  entry: string,
  { hooks, script, patience }: ImportTools,
): Promise<{ exports: ModuleExports; values: Readonly<Record<string, unknown>> }> {
  let thrown: unknown;
  try {
    const imported = script.held.orKept(import(pathToFileURL(entry).href));
    const namespace = await patience.untilStuck<ModuleExports | null>(imported, script.mayLeave);
    if (namespace) return { exports: exportsOf(namespace), values: takeBindings().values };
  } catch (error) {
    thrown = error;
  }
  const { exports, values } = takeBindings();
  if (thrown !== undefined) script.stopped(values);
  if (!exports || (thrown !== undefined && !script.isAllThatFailed(thrown))) throw thrown;
  const { defaultName } = hooks.entryText().facts();
  const late = defaultName !== null && defaultName in values;
  return { exports: late ? { ...exports, default: values[defaultName] } : exports, values };
}
