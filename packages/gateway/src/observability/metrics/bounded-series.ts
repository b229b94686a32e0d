/** What stands for every label value that came after a metric was full. */
const otherLabel = 'other';

/** Longest value of a label; what is longer is cut. */
const maxValueLength = 128;

/** So many owners it takes to fill a metric. */
const OWNERS_THAT_FILL_IT = 10;

type Labels = Readonly<Record<string, string>>;

/** A place in the tree of label values; a series is where a value of each label led to it. */
type Node<Series> = { readonly next: Map<string, Node<Series>>; series: Series | null };

/**
 * Keeps the series of one metric by their labels, and bounds how many there are, whatever agents, tools and callers call
 * themselves: once there are `limit` combinations, the values of `free` labels in new ones become `other`. An owner has a
 * tenth of them at most, so that none takes all: what is more of it is counted under its name, and is `other` otherwise.
 *
 * @param options.names - All labels.
 * @param options.free - Those whose values come from outside; all others have a fixed set of values.
 * @param options.create - Makes the series of a new combination.
 * @returns Finds the series to count in.
 */
export function createBoundedSeries<Series>(options: {
  readonly names: readonly string[];
  readonly free: readonly string[];
  /** The label, one of `free`, whose values share the limit; absent where nobody chooses the others. */
  readonly owner?: string;
  readonly limit: number;
  readonly create: (labels: Labels) => Series;
}): (labels: Labels) => Series {
  const { names, free, owner, limit, create } = options;
  const share = limit / OWNERS_THAT_FILL_IT;
  const byOwner = new Map<string, number>();
  const others = free.filter((name) => name !== owner);
  const root: Node<Series> = { next: new Map(), series: null };
  let count = 0;

  // Value by value, which is several times faster than a key that is put together each time.
  const find = (labels: Labels): Series | null => {
    let node: Node<Series> | undefined = root;
    for (const name of names) {
      node = node.next.get(labels[name] ?? '');
      if (!node) return null;
    }
    return node.series;
  };
  const add = (labels: Labels): Series => {
    let node = root;
    for (const name of names) {
      const value = labels[name] ?? '';
      const next = node.next.get(value) ?? { next: new Map(), series: null };
      node.next.set(value, next);
      node = next;
    }
    count += 1;
    if (owner !== undefined) byOwner.set(labels[owner] ?? '', ownedBy(labels) + 1);
    node.series = create(labels);
    return node.series;
  };
  const ownedBy = (labels: Labels) => byOwner.get(labels[owner ?? ''] ?? '') ?? 0;
  const bounded = (labels: Labels): Series => {
    const cut = changed(labels, free, (value) => value.slice(0, maxValueLength));
    const known = find(cut);
    if (known) return known;
    if (count < limit) {
      const isWithin = owner === undefined || ownedBy(cut) < share;
      const own = isWithin ? cut : changed(cut, others, () => otherLabel);
      return find(own) ?? add(own);
    }
    const all = changed(cut, free, () => otherLabel);
    return find(all) ?? add(all);
  };
  return (labels) => find(labels) ?? bounded(labels);
}

function changed(
  labels: Labels,
  names: readonly string[],
  change: (value: string) => string,
): Labels {
  const entries = Object.entries(labels);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, names.includes(name) ? change(value) : value]),
  );
}
