/** What rules have to know of the resources of `administer`, told by whoever serves them. Globs. */
export type Administration = {
  /** What operators may use where no rule says otherwise. */
  readonly operators: readonly string[];
  /** What keys for metrics may use where no rule says otherwise, and all that they ever may. */
  readonly scrapers: readonly string[];
  /** What tells each key of the agents within its scopes. The rest is about all agents. */
  readonly own: readonly string[];
};

/** Nothing is administered, so nothing is open to anybody but admins. */
export const noAdministration: Administration = { operators: [], scrapers: [], own: [] };
