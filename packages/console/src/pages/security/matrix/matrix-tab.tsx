/** Who may what. */
export function MatrixTab() {
  return null;
}
