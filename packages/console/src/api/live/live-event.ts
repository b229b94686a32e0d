/** Something that happened in the gateway, as `GET /admin/events` tells it. */
export type LiveEvent = { readonly type: string; readonly at?: string } & Readonly<
  Record<string, unknown>
>;

/** How the page is connected. `restarted`: another life of the gateway answers than before; said once. */
export type Connection = 'connecting' | 'live' | 'lost' | 'offline' | 'full' | 'restarted';
