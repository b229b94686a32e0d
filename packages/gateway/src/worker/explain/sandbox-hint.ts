/** How an agent that works in a sandbox is served: a workflow runs it with a client. */
export function sandboxHint(name: string): string {
  const run = `run(${name}, input_as_text, { sandbox: { client } })`;
  return `Run it with one: \`export async function runWorkflow({ input_as_text }) { const { finalOutput } = await ${run}; return { output_text: finalOutput }; }\`, and export no agent as \`agent\` or \`default\`.`;
}
