/** The id under which the Responses API knows an approval. */
export function requestId(approvalId: string): string {
  return approvalId.replace(/^apr_/, 'mcpr_');
}

/** The approval of such an id, or of its own. */
export function approvalIdOf(id: string): string {
  return id.replace(/^mcpr_/, 'apr_');
}
