import { createContext, useContext } from 'react';
import type { ApiClient } from './client.ts';

/** Where the parts of the page find the client. */
export const ApiContext = createContext<ApiClient | null>(null);

/** The client of the gateway. @throws Error outside of the page's root. */
export function useApi(): ApiClient {
  const api = useContext(ApiContext);
  if (!api) throw new Error('There is no client around this part.');
  return api;
}
