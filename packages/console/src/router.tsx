import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router';
import { readAgentSearch } from './pages/agents/list/agent-filter.ts';
import { approvalsSearch } from './pages/approvals/approvals-search.ts';
import { readErrorSearch } from './pages/errors/error-filter.ts';
import { parseKeysSearch } from './pages/keys/search.ts';
import { NotFoundPage } from './pages/not-found-page.tsx';
import { runSearch } from './pages/runs/detail/run-search.ts';
import { runsSearch } from './pages/runs/list/run-search.ts';
import { parseSecuritySearch } from './pages/security/search.ts';
import { readToolSearch } from './pages/tools/tool-filter.ts';
import { readUsageSearch } from './pages/usage/usage-search.ts';
import { CrashView } from './shell/crash-view.tsx';
import { Shell } from './shell/shell.tsx';

const root = createRootRoute({
  component: Shell,
  notFoundComponent: NotFoundPage,
  errorComponent: CrashView,
});

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/agents', hash: true });
  },
});

const agents = createRoute({ getParentRoute: () => root, path: '/agents' });

const agentList = createRoute({
  getParentRoute: () => agents,
  path: '/',
  validateSearch: readAgentSearch,
  component: lazyRouteComponent(() => import('./pages/agents/agents-page.tsx'), 'AgentsPage'),
});

const agent = createRoute({
  getParentRoute: () => agents,
  path: '$',
  component: lazyRouteComponent(() => import('./pages/agents/agent-page.tsx'), 'AgentPage'),
});

const playground = createRoute({
  getParentRoute: () => root,
  path: '/playground',
  validateSearch: ({ agent, with: second }): { agent?: string; with?: string } => ({
    ...(typeof agent === 'string' ? { agent } : {}),
    ...(typeof second === 'string' ? { with: second } : {}),
  }),
  component: lazyRouteComponent(
    () => import('./pages/playground/playground-page.tsx'),
    'PlaygroundPage',
  ),
});

const errors = createRoute({
  getParentRoute: () => root,
  path: '/errors',
  validateSearch: readErrorSearch,
  component: lazyRouteComponent(() => import('./pages/errors/errors-page.tsx'), 'ErrorsPage'),
});

const runs = createRoute({
  getParentRoute: () => root,
  path: '/runs',
  validateSearch: runsSearch,
  component: lazyRouteComponent(() => import('./pages/runs/runs-page.tsx'), 'RunsPage'),
});

const run = createRoute({
  getParentRoute: () => root,
  path: '/runs/$id',
  validateSearch: runSearch,
  component: lazyRouteComponent(() => import('./pages/runs/run-page.tsx'), 'RunPage'),
});

const tools = createRoute({
  getParentRoute: () => root,
  path: '/tools',
  validateSearch: readToolSearch,
  component: lazyRouteComponent(() => import('./pages/tools/tools-page.tsx'), 'ToolsPage'),
});

const security = createRoute({
  getParentRoute: () => root,
  path: '/security',
  validateSearch: parseSecuritySearch,
  component: lazyRouteComponent(() => import('./pages/security/security-page.tsx'), 'SecurityPage'),
});

const keys = createRoute({
  getParentRoute: () => root,
  path: '/keys',
  validateSearch: parseKeysSearch,
  component: lazyRouteComponent(() => import('./pages/keys/keys-page.tsx'), 'KeysPage'),
});

const key = createRoute({
  getParentRoute: () => root,
  path: '/keys/$keyId',
  component: lazyRouteComponent(() => import('./pages/keys/key-page.tsx'), 'KeyPage'),
});

const usage = createRoute({
  getParentRoute: () => root,
  path: '/usage',
  validateSearch: readUsageSearch,
  component: lazyRouteComponent(() => import('./pages/usage/usage-page.tsx'), 'UsagePage'),
});

const approvals = createRoute({
  getParentRoute: () => root,
  path: '/approvals',
  validateSearch: approvalsSearch,
  component: lazyRouteComponent(
    () => import('./pages/approvals/approvals-page.tsx'),
    'ApprovalsPage',
  ),
});

const health = createRoute({
  getParentRoute: () => root,
  path: '/health',
  component: lazyRouteComponent(() => import('./pages/health/health-page.tsx'), 'HealthPage'),
});

const routeTree = root.addChildren([
  home,
  agents.addChildren([agentList, agent]),
  playground,
  errors,
  runs,
  run,
  tools,
  security,
  keys,
  key,
  usage,
  approvals,
  health,
]);

/** Makes the router of the page: every state that is worth a link has an address. */
export function createPageRouter() {
  return createRouter({
    routeTree,
    basepath: '/console',
    defaultPreload: 'intent',
    scrollRestoration: true,
  });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createPageRouter>;
  }
}
