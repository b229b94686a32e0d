// `node scripts/release/package-smoke.ts [--node-sdk <version>] [--python-sdk <version>] [--json]`: packs the gateway, installs
// the archive into an empty folder with the newest dependencies that it allows, and asks it as a caller would. Tells
// how large the install is and how long a start takes. With versions of the SDK (`newest`, or a number) agents with that
// copy beside them are dropped in as well. Exits with 1 where anything fails.
import { parseArgs } from 'node:util';
import { dropIns } from './drop-ins.ts';
import { smokeTest } from './smoke-test.ts';

const { values } = parseArgs({
  options: {
    'node-sdk': { type: 'string' },
    'python-sdk': { type: 'string' },
    json: { type: 'boolean', default: false },
  },
});

const wanted = dropIns({ node: values['node-sdk'], python: values['python-sdk'] });
const say = values.json ? () => undefined : (line: string) => console.log(line);
const result = await smokeTest(wanted, say);
if (values.json) console.log(JSON.stringify(result, null, 2));
else {
  const { install_mb, packages, start_ms, first_answer_ms } = result;
  console.log(
    `${packages} packages, ${install_mb} MB; started in ${start_ms} ms, first answer after ${first_answer_ms} ms`,
  );
}
if (result.failures.length > 0) {
  for (const failure of result.failures) console.error(`✗ ${failure}`);
  process.exitCode = 1;
}
