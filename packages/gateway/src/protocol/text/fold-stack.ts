/** Of Node, Python, what is installed and the gateway's own part in a worker. */
const packageLine =
  /^\s+at .*(\/node_modules\/|node:)|^\s+File ".*\/((site|dist)-packages|lib\/python3\.\d+|dropgate_worker)\//;

/** A stack with the lines that lie in packages counted: what its reader can mend is in the others. */
export function foldStack(stack: string): string {
  const shown: string[] = [];
  let folded = 0;
  const unfold = () => {
    if (folded > 0) shown.push(`    … ${folded} ${folded === 1 ? 'line' : 'lines'} of packages`);
    folded = 0;
  };
  let isCode = false;
  for (const line of stack.split('\n')) {
    // Python shows the code of a line below it, indented further.
    if (packageLine.test(line) || (isCode && folded > 0 && /^ {4}/.test(line))) {
      if (packageLine.test(line)) folded += 1;
      isCode = /^\s+File "/.test(line) || isCode;
      continue;
    }
    unfold();
    isCode = false;
    shown.push(line);
  }
  unfold();
  return shown.join('\n');
}
