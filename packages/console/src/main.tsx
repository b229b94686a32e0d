import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { setNonce } from 'get-nonce';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { ApiContext } from './api/api-context.ts';
import { LiveContext } from './api/live-context.ts';
import { SessionTabsContext } from './api/session-tabs.ts';
import { createPageParts } from './page-parts.ts';
import { createPageRouter } from './router.tsx';
import { PageMemoryContext } from './shell/page-memory.ts';
import { styleNonce } from './shell/style-nonce.ts';
import { readTheme, showTheme } from './shell/theme.ts';
import './design/tokens.css';
import './design/base.css';

setNonce(styleNonce());
showTheme(readTheme());
const { api, queries, live, memory, tabs } = createPageParts();
const root = document.getElementById('root');
if (!root) throw new Error('The page has no place for the console.');
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queries}>
      <ApiContext value={api}>
        <LiveContext value={live}>
          <SessionTabsContext value={tabs}>
            <PageMemoryContext value={memory}>
              <RouterProvider router={createPageRouter()} />
            </PageMemoryContext>
          </SessionTabsContext>
        </LiveContext>
      </ApiContext>
    </QueryClientProvider>
  </StrictMode>,
);
