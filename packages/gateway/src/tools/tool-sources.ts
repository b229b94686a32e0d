import { isDeepStrictEqual } from 'node:util';
import { hideValues } from './hide-values.ts';
import { toolKinds } from './kinds/kinds.ts';
import type { ToolSettings } from './settings.ts';
import { sourceOf, type ToolKind, type ToolParts, type ToolSource } from './tool.ts';

/** An entry of the settings, and what it gives. */
export type OpenSource = {
  readonly name: string;
  readonly settings: ToolSettings;
  /** It is a tool itself, not a source of several. */
  readonly isOfOne: boolean;
  readonly source: ToolSource;
  /** Takes the secrets of its settings out of a text. */
  readonly hide: (text: string) => string;
};

/** What the settings have. */
export type ToolSources = {
  /** Entries whose tool has their name first, then by name. */
  readonly open: () => readonly OpenSource[];
  readonly start: () => void;
  /** Opens what is new, closes what is gone; an entry that is as before goes on. */
  readonly replace: (settings: Readonly<Record<string, ToolSettings>>) => void;
  readonly close: () => Promise<void>;
};

/** @param onChange - Told when one of them has other tools, or another problem. */
export function createToolSources(parts: ToolParts, onChange: () => void): ToolSources {
  let open: readonly OpenSource[] = [];
  let isStarted = false;
  const closing = new Set<Promise<void>>();
  const end = ({ source }: OpenSource) => {
    const ended = source.close().finally(() => closing.delete(ended));
    closing.add(ended);
  };
  const openEntry = (name: string, settings: ToolSettings): OpenSource => {
    const kind = toolKinds[settings.kind] as ToolKind;
    const secrets = new Set<string>();
    let hide = hideValues([]);
    // Told at each call; the forms of a value are made once.
    const onSecret = (value: string) => {
      parts.onSecret(value);
      if (secrets.has(value)) return;
      secrets.add(value);
      hide = hideValues([...secrets]);
    };
    const own = { ...parts, onSecret };
    const isOfOne = 'create' in kind;
    const source = isOfOne
      ? sourceOf(name, kind.create(settings, own))
      : kind.open(settings, { ...own, name, onChange });
    return { name, settings, isOfOne, source, hide: (text) => hide(text) };
  };
  return {
    open: () => open,
    start() {
      isStarted = true;
      for (const { source } of open) source.start();
    },
    replace(settings) {
      const before = new Map(open.map((each) => [each.name, each]));
      open = Object.entries(settings)
        .map(([name, each]) => {
          const known = before.get(name);
          if (!known || !isDeepStrictEqual(known.settings, each)) return openEntry(name, each);
          before.delete(name);
          return known;
        })
        .toSorted(byOrder);
      for (const gone of before.values()) end(gone);
      if (isStarted) for (const { source } of open) source.start();
    },
    async close() {
      for (const each of open) end(each);
      open = [];
      await Promise.all(closing);
    },
  };
}

function byOrder(a: OpenSource, b: OpenSource): number {
  if (isNamed(a) !== isNamed(b)) return isNamed(a) ? -1 : 1;
  return a.name < b.name ? -1 : 1;
}

/** Its tool has the name of its entry. */
function isNamed({ isOfOne, settings }: OpenSource): boolean {
  return isOfOne || settings.kind === 'module';
}
