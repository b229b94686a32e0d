/**
 * Takes the code of a one-time link out of the address, before anything else sees it or the router forgets it; null where
 * the page was not opened by one.
 */
export function takeLinkCode(): string | null {
  const code = new URLSearchParams(location.hash.slice(1)).get('code');
  if (code === null) return null;
  history.replaceState(history.state, '', location.pathname + location.search);
  return code;
}
