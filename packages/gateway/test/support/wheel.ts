import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

const script = `
import sys, zipfile
path, name, version, code = sys.argv[1:]
info = f"{name}-{version}.dist-info"
with zipfile.ZipFile(path, "w") as wheel:
    wheel.writestr(f"{name}.py", code)
    wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n")
    wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(f"{info}/entry_points.txt", f"[console_scripts]\\nsay-{name} = {name}:main\\n")
    wheel.writestr(f"{info}/RECORD", "")
`;

/** Writes a wheel of one module into a folder, and gives its path. `code` is the module; `main` in it is a program. */
export function writeWheel(folder: string, name: string, version: string, code: string): string {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}-${version}-py3-none-any.whl`);
  execFileSync('python3', ['-c', script, path, name, version, code]);
  return path;
}
