import { z } from 'zod';
import { commonSettings, defineToolKind, type Tool } from '../tool.ts';
import { problemOfModule } from '../tool-modules.ts';

/** The tool of a module, which runs in a worker of its own. */
export const module = defineToolKind({
  settings: z
    .strictObject({ kind: z.literal('module'), ...commonSettings })
    .describe(
      'Has the tool of the module with the name of the entry in `src/tools`. One without an entry has the defaults.',
    ),
  open({ description }, { name, modules }) {
    const tools = (): ReadonlyMap<string, Tool> => {
      const tool = modules.find(name)?.tool;
      if (!tool) return new Map();
      return new Map([[name, description === undefined ? tool : { ...tool, description }]]);
    };
    return {
      tools,
      problem() {
        const found = modules.find(name);
        if (found) return found.tool ? null : problemOfModule(found);
        return modules.areKnown() ? `There is no module src/tools/${name}.ts or .py.` : null;
      },
      isAwaited: () => false,
      mayHave: (asked) => asked === name && !modules.find(name)?.tool,
      start: () => undefined,
      refresh: async () => undefined,
      close: async () => undefined,
    };
  },
});
