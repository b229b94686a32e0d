import { getRouteApi } from '@tanstack/react-router';

/** The parts of the page, in their order. */
export const tabs = ['rules', 'matrix', 'preview', 'overrides', 'decisions'] as const;

/** A part of the page. */
export type SecurityTab = (typeof tabs)[number];

/** What beside the tab is in the address. */
const fields = [
  'q',
  'rule',
  'action',
  'tool',
  'keys',
  'agents',
  'verdict',
  'who',
  'resource',
  'agent',
  'user',
  'args',
  'key',
  'effect',
  'request',
  'since',
  'decision',
] as const;

/** The address of a state of the page. What is absent is as it is at first. */
export type SecuritySearch = { readonly tab?: SecurityTab } & {
  readonly [Name in (typeof fields)[number]]?: string;
};

/** The search parameters of an address, as far as the page knows them. */
export function parseSecuritySearch(raw: Record<string, unknown>): SecuritySearch {
  const tab = tabs.find((each) => each === raw.tab);
  const given = fields.flatMap((name) => {
    const value = raw[name];
    const isText = ['string', 'number', 'boolean'].includes(typeof value) && value !== '';
    return isText ? [[name, String(value)] as const] : [];
  });
  return { ...(tab ? { tab } : {}), ...Object.fromEntries(given) };
}

const route = getRouteApi('/security');

/** The state of the page that is in the address, and how to change it. */
export function useSecuritySearch(): {
  readonly search: SecuritySearch;
  /** Changes some; an empty or undefined value leaves the address. Typing makes no new entry of the history. */
  readonly change: (
    patch: { readonly [Name in keyof SecuritySearch]?: SecuritySearch[Name] | undefined },
    options?: { readonly replace?: boolean },
  ) => void;
  /** Goes to a tab, and leaves what was said of others. */
  readonly goTo: (search: SecuritySearch) => void;
} {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  return {
    search,
    change: (patch, { replace = false } = {}) =>
      void navigate({
        search: (before) => parseSecuritySearch({ ...before, ...patch }),
        replace,
        resetScroll: false,
      }),
    goTo: (next) => void navigate({ search: next }),
  };
}
