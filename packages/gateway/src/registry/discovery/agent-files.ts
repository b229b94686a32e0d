/** Names of the one file that makes a folder a module. */
export const agentFileName = /^agent\.(ts|mts|tsx|js|mjs|cjs|py)$/;

/** Whether a folder of this name is looked into: it is neither hidden nor private, and no tool's own. */
export function isWalked(name: string): boolean {
  return !/^[._]|^(node_modules|__pycache__|lost\+found)$/.test(name);
}

/** Something wrong with a folder or file below a root, and the place it is about. Paths are absolute. */
export type PathProblem = {
  readonly path: string;
  readonly code: string;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly file: string;
  readonly hint: string;
  /** True where an agent may be there that just cannot be seen: what served from below `path` is not gone. */
  readonly hides: boolean;
};

/** A problem about a folder or file that shows all it has. Its file is the place itself unless given. */
export function problemAt(
  path: string,
  about: Pick<PathProblem, 'code' | 'message' | 'hint'> & Partial<PathProblem>,
): PathProblem {
  return { path, file: path, severity: 'error', hides: false, ...about };
}
