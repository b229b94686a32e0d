import { expect, test } from 'vitest';
import { watchFault } from './watch-fault.ts';

const failure = (code: string) => Object.assign(new Error(`${code}: watch '/a'`), { code });

test('the limit of watched folders is told with the setting that raises it', () => {
  const cause = failure('ENOSPC');
  const { kind, fault } = watchFault(cause);
  expect(kind).toBe('ENOSPC');
  expect(fault.message).toContain('sudo sysctl fs.inotify.max_user_watches=524288');
  expect(fault.cause).toBe(cause);
});

test('too many open files are told with the limits that raise it', () => {
  expect(watchFault(failure('EMFILE')).fault.message).toContain('ulimit -n');
  expect(watchFault(failure('ENFILE')).fault.message).toContain('fs.file-max');
});

test('any other failure says what still works', () => {
  expect(watchFault(failure('EIO')).fault.message).toBe(
    'A folder cannot be watched (EIO). Refresh after an edit.',
  );
  expect(watchFault('odd').fault.message).toBe(
    'A folder cannot be watched (odd). Refresh after an edit.',
  );
});
