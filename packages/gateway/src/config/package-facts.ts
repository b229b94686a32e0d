import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const packageSchema = z.object({
  version: z.string(),
  dependencies: z.object({ '@openai/agents': z.string() }),
});

/** Version of the gateway, and of the SDK that it lends to modules without one. */
export type PackageFacts = { readonly version: string; readonly sdkVersion: string };

/** Reads the gateway's own `package.json`, which lies above `src` and above `dist`. */
export function readPackageFacts(): PackageFacts {
  const text = readFileSync(join(import.meta.dirname, '..', '..', 'package.json'), 'utf8');
  const { version, dependencies } = packageSchema.parse(JSON.parse(text));
  return { version, sdkVersion: dependencies['@openai/agents'] };
}
