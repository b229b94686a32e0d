import { mkdir, rename, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { until } from '../../../test/acceptance/until.ts';
import { tempFolder, writeFiles } from '../../../test/support/temp-folder.ts';
import { createWatch, type Watch } from './watch.ts';

describe('a batch', () => {
  test('names the file that was saved', async () => {
    const { write, told } = await watched({ 'agents/A/agent.ts': 'one' });
    await write({ 'agents/A/agent.ts': 'two' });
    expect(await told('agents/A/agent.ts')).toEqual(['agents/A/agent.ts']);
  });

  test('comes once for a save that is written in pieces', async () => {
    const batches = await batchesOf({ 'agents/A/agent.ts': 'one' }, async ({ write }) => {
      for (const text of ['', 'tw', 'two and more']) await write({ 'agents/A/agent.ts': text });
      return ['agents/A/agent.ts'];
    });
    expect(batches).toEqual([['agents/A/agent.ts']]);
  });

  test('holds every file of a checkout', async () => {
    const names = Array.from({ length: 60 }, (_, index) => `agents/Agent${index}/agent.ts`);
    const files = Object.fromEntries(names.map((name) => [name, 'one']));
    const batches = await batchesOf(files, async ({ write }) => {
      await write(Object.fromEntries(names.map((name) => [name, 'two'])));
      return names;
    });
    expect(batches).toEqual([names.toSorted()]);
  });

  test('comes at last while a file never stops to change', async () => {
    const { root, write, queue } = await watched({ 'agents/A/agent.ts': '0' });
    const first = queue.next();
    let seen = false;
    void first.then(() => {
      seen = true;
    });
    for (let count = 1; !seen; count += 1) {
      await write({ 'agents/A/agent.ts': 'x'.repeat((count % 500) + 1) });
    }
    expect([...(await first)]).toEqual([join(root, 'agents/A/agent.ts')]);
  });

  test('is not told of what was there at the start', async () => {
    const { write, told } = await watched({ 'agents/A/agent.ts': 'a', 'agents/B/agent.ts': 'b' });
    await write({ 'agents/B/agent.ts': 'c' });
    expect(await told('agents/B/agent.ts')).toEqual(['agents/B/agent.ts']);
  });

  test('that makes the listener throw is a fault, and the next one comes', async () => {
    const root = await tempFolder({ 'agents/A/agent.ts': 'one' });
    const faults: unknown[] = [];
    const batches = createQueue<ReadonlySet<string>>();
    const watch = createWatch({
      roots: [join(root, 'agents')],
      onBatch(changed) {
        batches.push(changed);
        throw new Error('The listener failed.');
      },
      onFault: (error) => faults.push(error),
    });
    onTestFinished(() => watch.close());
    await watch.start();
    await writeFiles(root, { 'agents/A/agent.ts': 'two' });
    await batches.next();
    await writeFiles(root, { 'agents/A/agent.ts': 'three' });
    await batches.next();
    expect(faults.map(String)).toContain('Error: The listener failed.');
  });
});

describe('a save', () => {
  test('by renaming a new file over the old one is one change', async () => {
    const batches = await batchesOf({ 'agents/A/agent.ts': 'one' }, async ({ root, write }) => {
      await write({ 'agents/A/agent.ts.new': 'two' });
      await rename(join(root, 'agents/A/agent.ts.new'), join(root, 'agents/A/agent.ts'));
      return ['agents/A/agent.ts'];
    });
    expect(batches).toEqual([expect.arrayContaining(['agents/A/agent.ts'])]);
  });

  test('by deleting and writing anew is one change', async () => {
    const batches = await batchesOf({ 'agents/A/agent.ts': 'one' }, async ({ root, write }) => {
      await unlink(join(root, 'agents/A/agent.ts'));
      await write({ 'agents/A/agent.ts': 'two' });
      return ['agents/A/agent.ts'];
    });
    expect(batches).toEqual([['agents/A/agent.ts']]);
  });

  test('by moving the old file away and writing a new one is one change', async () => {
    const batches = await batchesOf({ 'agents/A/agent.ts': 'one' }, async ({ root, write }) => {
      await rename(join(root, 'agents/A/agent.ts'), join(root, 'agents/A/agent.ts~'));
      await write({ 'agents/A/agent.ts': 'two' });
      await unlink(join(root, 'agents/A/agent.ts~'));
      return ['agents/A/agent.ts'];
    });
    expect(batches).toEqual([expect.arrayContaining(['agents/A/agent.ts'])]);
  });

  test('by renaming is seen each time, and so is a plain one after it', async () => {
    const { root, write, told } = await watched({ 'agents/A/agent.ts': 'one' });
    for (const text of ['two', 'three', 'four']) {
      await write({ 'agents/A/.new': text });
      await rename(join(root, 'agents/A/.new'), join(root, 'agents/A/agent.ts'));
      expect(await told('agents/A/agent.ts')).toEqual(['agents/A/agent.ts']);
    }
    await write({ 'agents/A/agent.ts': 'five' });
    expect(await told('agents/A/agent.ts')).toEqual(['agents/A/agent.ts']);
  });
});

describe('folders', () => {
  test('that come with their files at once are seen whole', async () => {
    const { write, told } = await watched({ 'agents/A/agent.ts': 'a' });
    await write({ 'agents/labs/Planner/agent.ts': 'p', 'agents/labs/Planner/lib/x.ts': 'x' });
    const wanted = ['agents/labs/Planner/agent.ts', 'agents/labs/Planner/lib/x.ts'];
    expect(await told(...wanted)).toEqual(expect.arrayContaining(wanted));
  });

  test('that are renamed are gone and there, in one batch', async () => {
    const both = ['agents/A', 'agents/A/agent.ts', 'agents/B', 'agents/B/agent.ts'];
    const batches = await batchesOf({ 'agents/A/agent.ts': 'a' }, async ({ root }) => {
      await rename(join(root, 'agents/A'), join(root, 'agents/B'));
      return both;
    });
    expect(batches).toEqual([both]);
  });

  test('that are moved in from elsewhere are seen, and so are edits in them', async () => {
    const { root, write, told } = await watched({ 'agents/A/agent.ts': '', 'B/agent.ts': 'b' });
    await rename(join(root, 'B'), join(root, 'agents/B'));
    const moved = ['agents/B', 'agents/B/agent.ts'];
    expect(await told(...moved)).toEqual(moved);
    await write({ 'agents/B/agent.ts': 'bb' });
    expect(await told('agents/B/agent.ts')).toEqual(['agents/B/agent.ts']);
  });

  test('that are deleted are one batch', async () => {
    const both = ['agents/A', 'agents/A/agent.ts'];
    const batches = await batchesOf({ 'agents/A/agent.ts': 'a' }, async ({ root }) => {
      await rm(join(root, 'agents/A'), { recursive: true });
      return both;
    });
    expect(batches).toEqual([both]);
  });

  test('that are linked inside the root are watched, and those that lead out are not', async () => {
    const { root, write, told } = await watched({
      'agents/A/agent.ts': 'a',
      'elsewhere/agent.ts': 'e',
    });
    await symlink(join(root, 'elsewhere'), join(root, 'agents/Out'));
    await symlink(join(root, 'agents'), join(root, 'agents/Loop'));
    await symlink(join(root, 'agents/Nowhere'), join(root, 'agents/Dangling'));
    await write({ 'elsewhere/agent.ts': 'ee' });
    await symlink(join(root, 'agents/A'), join(root, 'agents/In'));
    const paths = await told('agents/In/agent.ts');
    expect(paths.filter((path) => /Out\/|Loop\//.test(path))).toEqual([]);
  });
});

describe('a root', () => {
  test('that does not exist yet is waited for', async () => {
    const { write, told } = await watched({});
    await write({ 'agents/A/agent.ts': 'a' });
    expect(await told('agents/A/agent.ts')).toContain('agents/A/agent.ts');
  });

  test('that is removed and comes back is watched again', async () => {
    const { root, write, told, gather } = await watched({ 'agents/A/agent.ts': 'a' });
    await rm(join(root, 'agents'), { recursive: true });
    await gather((all) => all.has('agents/A/agent.ts'));
    await write({ 'agents/A/agent.ts': 'b' });
    await told('agents/A/agent.ts');
    await write({ 'agents/A/agent.ts': 'cc' });
    expect(await told('agents/A/agent.ts')).toEqual(['agents/A/agent.ts']);
  });
});

test.each([
  'agents/A/.git/HEAD',
  'agents/A/.cache.json',
  'agents/_drafts/B/agent.ts',
  'agents/A/_old/agent.ts',
  'agents/A/__pycache__/agent.pyc',
  'agents/A/.venv/lib/x.py',
  'agents/A/node_modules/zod/index.js',
  'agents/A/node_modules/zod/node_modules/.package-lock.json',
  'agents/A/node_modules/.cache/x',
])('%s is ignored', async (ignored) => {
  const { write, told } = await watched({ [ignored]: '1', 'agents/A/agent.ts': '' });
  await write({ [ignored]: '2', [join(dirname(ignored), '.other')]: '1' });
  expect(await told()).toEqual([]);
});

test.each([
  'agents/A/.env',
  'agents/A/package.json',
  'agents/A/prompts/system.md',
  'agents/A/_notes.ts',
  'agents/A/node_modules/.package-lock.json',
  'agents/A/my_node_modules/x.ts',
])('%s is watched', async (path) => {
  const { write, told } = await watched({ [path]: '1', 'agents/A/agent.ts': '' });
  await write({ [path]: '22' });
  expect(await told(path)).toEqual([path]);
});

test('an install of packages is told by what npm writes last', async () => {
  const { write, told } = await watched({ 'agents/A/agent.ts': '' });
  await write({
    'agents/A/node_modules/zod/index.js': '',
    'agents/A/node_modules/.package-lock.json': '{}',
  });
  const paths = await told('agents/A/node_modules/.package-lock.json');
  expect(paths).not.toContain('agents/A/node_modules/zod/index.js');
});

describe('an extra file', () => {
  const files = { 'agents/A/agent.ts': '', 'shared/x.ts': 'x', 'shared/y.ts': 'y' };

  test('outside the roots is watched, its neighbours are not', async () => {
    const { root, write, told, next, watch } = await watched(files, ['shared/x.ts']);
    await write({ 'shared/y.ts': 'yy' });
    await write({ 'shared/x.ts': 'xx' });
    expect(await told('shared/x.ts')).toEqual(['shared/x.ts']);
    watch.setExtraFiles([join(root, 'shared/x.ts'), join(root, 'shared/y.ts')]);
    await touchUntil(join(root, 'shared/y.ts'), next);
  });

  test('is seen through saves by renaming', async () => {
    const { root, write, told } = await watched(files, ['shared/x.ts']);
    for (const text of ['one', 'two', 'three']) {
      await write({ 'shared/new': text });
      await rename(join(root, 'shared/new'), join(root, 'shared/x.ts'));
      expect(await told('shared/x.ts')).toEqual(['shared/x.ts']);
    }
  });

  test('that does not exist is waited for, with its folder', async () => {
    const { write, told } = await watched(files, ['gateway.yaml', 'other/deep/z.ts']);
    await write({ 'gateway.yaml': '{}' });
    expect(await told('gateway.yaml')).toEqual(['gateway.yaml']);
    await write({ 'other/deep/more.ts': '', 'other/deep/z.ts': 'z' });
    expect(await told('other/deep/z.ts')).toEqual(['other/deep/z.ts']);
  });

  test('is seen when it goes and when it comes back', async () => {
    const { root, write, told } = await watched(files, ['shared/x.ts']);
    await rm(join(root, 'shared'), { recursive: true });
    expect(await told('shared/x.ts')).toEqual(['shared/x.ts']);
    await write({ 'shared/x.ts': 'again' });
    expect(await told('shared/x.ts')).toEqual(['shared/x.ts']);
  });

  test('is silent once it is no longer wanted, and heard when it is again', async () => {
    const { root, write, told, watch } = await watched(files, ['shared/x.ts']);
    watch.setExtraFiles([]);
    await write({ 'shared/x.ts': 'unheard' });
    expect(await told()).toEqual([]);
    watch.setExtraFiles([join(root, 'shared/x.ts')]);
    await write({ 'shared/x.ts': 'heard again' });
    expect(await told('shared/x.ts')).toEqual(['shared/x.ts']);
  });

  test('below a root is told once, in an ignored folder of it too', async () => {
    const lib = 'agents/_lib/util.ts';
    const extra = ['agents/A/agent.ts', lib];
    const batches = await batchesOf(
      { ...files, [lib]: '' },
      async ({ write }) => {
        await write({ 'agents/A/agent.ts': 'a' });
        return ['agents/A/agent.ts'];
      },
      extra,
    );
    expect(batches).toEqual([['agents/A/agent.ts']]);
    const { write, told } = await watched({ ...files, [lib]: '' }, extra);
    await write({ [lib]: 'l' });
    expect(await told(lib)).toEqual([lib]);
  });

  test('in the folder where the gateway writes is seen when it comes, changes and goes', async () => {
    const upstream = '.dropgate/upstream.env';
    const { root, write, told } = await watched({ ...files, '.dropgate/gateway.db': '' }, [
      upstream,
    ]);
    await write({ '.dropgate/gateway.db': 'written' });
    for (const text of ['A=1', 'A=22']) {
      await write({ [upstream]: text });
      expect(await told(upstream)).toEqual([upstream]);
    }
    await unlink(join(root, upstream));
    expect(await told(upstream)).toEqual([upstream]);
  });

  test('may be a folder: all in it is watched', async () => {
    const { write, told } = await watched(files, ['shared']);
    await write({ 'shared/deep/new.md': 'new' });
    expect(await told('shared/deep/new.md')).toContain('shared/deep/new.md');
  });
});

describe('close', () => {
  test('leaves no handle open and drops what was waiting', async () => {
    const { write, watch, queue } = await watched({ 'agents/A/agent.ts': '' }, ['x/y.ts']);
    await write({ 'agents/A/agent.ts': 'unheard' });
    await watch.close();
    await write({ 'agents/A/agent.ts': 'unheard too' });
    await until('the last handle to be gone', () =>
      process.getActiveResourcesInfo().every((type) => !type.includes('FSEvent')),
    );
    expect(queue.waiting()).toBe(0);
  });

  test('ends a start that is still going on', async () => {
    const root = await tempFolder({ 'agents/A/agent.ts': '' });
    const watch = createWatch({
      roots: [join(root, 'agents')],
      onBatch: () => undefined,
      onFault: () => undefined,
    });
    const started = watch.start();
    await watch.close();
    await started;
  });
});

/** A watched folder of these files; paths that go in and come out are below it. */
async function watched(
  files: Readonly<Record<string, string>>,
  extra: readonly string[] = [],
): Promise<Watched> {
  const root = await tempFolder(files);
  const queue = createQueue<ReadonlySet<string>>();
  const watch = createWatch({
    roots: [join(root, 'agents')],
    onBatch: (changed) => queue.push(changed),
    onFault: (error) => queue.fail(error),
  });
  onTestFinished(() => watch.close());
  watch.setExtraFiles(extra.map((path) => join(root, path)));
  await watch.start();
  const below = (paths: Iterable<string>) =>
    [...paths].map((path) => path.slice(root.length + 1)).toSorted();
  const next = async () => below(await queue.next());
  const gather: Watched['gather'] = async (enough) => {
    const all = new Set<string>();
    const batches: string[][] = [];
    while (!enough(all)) {
      const batch = await next();
      batches.push(batch);
      for (const path of batch) all.add(path);
    }
    return batches;
  };
  let fences = 0;
  const fence = async () => {
    const name = `agents/Fence${fences++}`;
    await mkdir(join(root, 'agents'), { recursive: true });
    await writeFile(join(root, name), 'x');
    return gather((all) => all.has(name));
  };
  const batches: Watched['batches'] = async (...wanted) => {
    const seen = await gather((all) => wanted.every((path) => all.has(path)));
    // Two files in turn: whatever was seen before the second batch came in or before the first.
    const all = [...seen, ...(await fence()), ...(await fence())];
    return all
      .map((paths) => paths.filter((path) => !path.startsWith('agents/Fence')))
      .filter((paths) => paths.length > 0);
  };
  const told: Watched['told'] = async (...wanted) =>
    [...new Set((await batches(...wanted)).flat())].toSorted();
  const write = (more: Readonly<Record<string, string>>) => writeFiles(root, more);
  return { root, watch, queue, write, next, gather, batches, told };
}

type Watched = {
  readonly root: string;
  readonly watch: Watch;
  readonly queue: Queue<ReadonlySet<string>>;
  readonly write: (files: Readonly<Record<string, string>>) => Promise<void>;
  /** The paths of the next batch, sorted. */
  readonly next: () => Promise<string[]>;
  /** Batches until there is enough in them. */
  readonly gather: (enough: (all: ReadonlySet<string>) => boolean) => Promise<string[][]>;
  /** Every batch until all of these were told of, and whatever else was seen by then. */
  readonly batches: (...wanted: string[]) => Promise<string[][]>;
  /** The same as one list, sorted, each path once: how they lay in time is the machine's doing. */
  readonly told: (...wanted: string[]) => Promise<string[]>;
};

/** How often a change is made anew that came in several batches. */
const attempts = 20;

/**
 * The batches of a change, which tells what it is seen by. One batch is what a change is meant to be, but on a busy
 * machine its parts may lie further apart than a batch waits: then it is made again, in a folder of its own.
 */
async function batchesOf(
  files: Readonly<Record<string, string>>,
  change: (watched: Watched) => Promise<readonly string[]>,
  extra: readonly string[] = [],
): Promise<string[][]> {
  for (let attempt = 1; ; attempt += 1) {
    const scene = await watched(files, extra);
    const batches = await scene.batches(...(await change(scene)));
    await scene.watch.close();
    if (batches.length === 1 || attempt === attempts) return batches;
  }
}

/** Writes until it is heard: when a file that was added is watched is not told. */
async function touchUntil(file: string, next: () => Promise<string[]>): Promise<void> {
  const heard = next();
  let done = false;
  void heard.then(() => {
    done = true;
  });
  for (let count = 0; !done; count += 1) {
    await writeFile(file, `${count}`);
    await new Promise(setImmediate);
  }
  expect((await heard).some((path) => file.endsWith(path))).toBe(true);
}

type Queue<T> = {
  readonly push: (item: T) => void;
  readonly fail: (error: unknown) => void;
  readonly next: () => Promise<T>;
  readonly waiting: () => number;
};

function createQueue<T>(): Queue<T> {
  const items: (() => T)[] = [];
  const takers: (() => void)[] = [];
  const put = (item: () => T) => {
    items.push(item);
    takers.shift()?.();
  };
  return {
    push: (item) => put(() => item),
    fail: (error) =>
      put(() => {
        throw error;
      }),
    async next() {
      if (items.length === 0) await new Promise<void>((resolve) => takers.push(resolve));
      return items.shift()?.() as T;
    },
    waiting: () => items.length,
  };
}
