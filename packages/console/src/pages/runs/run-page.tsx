/** A run. */
export function RunPage() {
  return null;
}
