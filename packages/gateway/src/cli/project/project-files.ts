import type { OwnPackage } from '../../config/own-package.ts';

/** Lines of the `.gitignore` of a project. `.dropgate/` holds keys, `.env` too. */
export const ignoredPaths = ['.dropgate/', 'node_modules/', '.venv/', '__pycache__/', '.env'];

/** What the `package.json` of a project has that makes dropgate and its types available. */
export type ProjectManifest = {
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
};

/** The `package.json` of a project, but its name. The versions are those that the gateway itself brings. */
export function projectManifest({ version, dependencies }: OwnPackage): ProjectManifest {
  const brought = ['@openai/agents', 'zod'].map((name) => [name, `^${dependencies[name]}`]);
  return {
    scripts: {
      dev: 'exec dropgate dev',
      start: 'exec dropgate start',
      check: 'exec dropgate check',
    },
    dependencies: Object.fromEntries(brought),
    devDependencies: { '@types/node': '^24.0.0', dropgate: `^${version}` },
  };
}

/** The `tsconfig.json` of a project: for editors alone, with imports as the gateway takes them. */
export const tsConfigFile = `${JSON.stringify(
  {
    compilerOptions: {
      target: 'es2024',
      module: 'preserve',
      moduleResolution: 'bundler',
      types: ['node'],
      jsx: 'react-jsx',
      strict: true,
      noEmit: true,
      allowImportingTsExtensions: true,
      skipLibCheck: true,
    },
  },
  null,
  2,
)}\n`;
