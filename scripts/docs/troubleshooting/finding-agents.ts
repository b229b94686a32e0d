import { type Group, rowsOf } from './rows.ts';

const where =
  'log, `dropgate check`, `dropgate agents errors`, `GET /admin/agents/errors`, the banner of `dropgate dev`';
const capability = '[Which file is an agent](../authors.md#when-it-is-not-found)';

/** Codes of looking for files and of picking the agent in one. */
export const findingAgents: readonly Group[] = [
  {
    title: 'An agent is not in the list: its file is not found',
    where,
    capability,
    rows: rowsOf(`
agent_file_wrong_case | The agent is not listed. | The file is called \`Agent.ts\` or the like. | Rename it to \`agent.ts\`.
agent_file_plural | The agent is not listed. | The file is called \`agents.ts\`. | Rename it to \`agent.ts\`.
agent_file_wrong_ending | The agent is not listed. | The ending is none that is loaded, such as \`.jsx\` or \`.txt\`. | Give it the ending that the hint names.
agent_file_misnamed | The agent is not listed. | The agent is in \`index.ts\`, \`main.ts\` or another file of its folder. | Rename the file to \`agent.ts\`.
agent_file_not_file | The agent is not listed. | \`agent.ts\` is a folder, a pipe or the like. | Put a file in its place.
agent_in_root | The agent is not listed. | \`agent.ts\` lies right in \`src/agents\`. | Put it into a folder of its own.
agent_without_folder | The agent is not listed. | A file such as \`Weather.ts\` lies right in \`src/agents\`. | Move it to \`Weather/agent.ts\`.
agent_too_deep | The agent is not listed. | It lies more than two folders deep. | Move it to \`src/agents/<namespace>/<Name>\`.
two_agent_files | Neither file is served, or only the one that was before. | One folder has two agent files. | Remove or rename one.
id_clash | Neither agent is served, or only the one that was before. | Two folders give the same model id. | Rename one folder.
bad_folder_name | The agent is not listed. | The folder's name has a character that ids cannot have. | Give it the name that the hint proposes.
broken_link | The agent is not listed. | A link leads nowhere. | Mend or remove the link.
link_loop | The agent is not listed. | A link leads back to a folder above it. | Remove the link.
link_leaves_root | The agent is not listed. | A link leads out of the folder of agents. | Copy the folder, or add its place to \`agents_dir\`.
link_unreadable | The agent is not listed. | The link cannot be read. | Give the gateway's user permission.
folder_unreadable | Agents below a folder are not listed. | The gateway's user may not read it. | Give it permission.
root_missing | No agent is listed. | The folder of agents is not there. | Make it, or correct \`agents_dir\`.
root_not_folder | No agent is listed. | The name in \`agents_dir\` is no folder. | Correct it.
not_watched | A save is not seen. | The system cannot watch this file or folder. | Use \`dropgate agents refresh\` after an edit.
file_unreadable | The agent does not load. | The gateway's user may not read a file. | Give it permission.
file_too_large | The agent does not load. | A source file has 8 MiB or more. | Put the data into a file that is read, not imported.
file_binary | The agent does not load. | A source file holds binary data. | Save it as text.
file_not_utf8 | The agent does not load. | A source file has another encoding. | Save it as UTF-8.
not_a_file | The agent does not load. | What the file imports is no file. | Correct the import.
unsupported_file | The agent does not load. | It imports a kind of file that is not loaded. | Read the file in place of importing it.
`),
  },
  {
    title: 'The file is found, and its agent is not clear',
    where,
    capability: '[What becomes the agent](../authors.md#what-becomes-the-agent)',
    rows: rowsOf(`
agent_chosen | An info names the agent and the reason. | The file has several agents, or builds its agent in a function. | Nothing, or add the line that it shows to make the choice explicit.
no_agent | The agent does not load. | The file has no agent. | Export one as \`agent\`.
several_agents | The agent does not load. | Several agents, and none leads to all others. | Add \`__gateway__ = { agent: … }\` with one of the names.
named_agent_missing | The agent does not load. | \`__gateway__.agent\` names nothing. | Use one of the names that the hint lists.
agent_not_exported | The agent does not load. | The agent is built where the gateway cannot reach it. | Export it.
agent_in_function | The agent does not load. | The agent is built inside a function that needs what is there. | Write the factory that the hint shows.
agent_inline | The agent does not load. | The agent is built in the call that runs it. | Give it a name at the top level.
agents_in_container | The agent does not load. | The agents are in a list, a record or an object. | Export the one to serve.
class_exported | The agent does not load. | A class is exported. | Export an instance of it.
factory_needs_arguments | The agent does not load. | The factory has parameters. | Give them defaults.
factory_misnamed | The agent does not load. | A factory has a name that is not looked for. | Call it \`buildAgent\` or \`build_agent\`.
factory_without_agent | The agent does not load. | The factory gave no agent. | Return the agent.
wrong_export_kind | The agent does not load. | The export is a string, a \`Runner\` or the like. | Export the agent.
run_takes_no_messages | The agent does not load. | An object's \`run\` takes no messages: a server, an app. | Export an agent, or a \`run\` that takes messages.
workflow_needs_arguments | The agent does not load. | The workflow needs more than the text. | Give the argument or field a default.
realtime_agent | The agent does not load. | It is for voice sessions. | Serve an agent for text.
temporal_workflow | The agent does not load. | The class is a workflow of Temporal. | Export the agent that it runs.
`),
  },
];
