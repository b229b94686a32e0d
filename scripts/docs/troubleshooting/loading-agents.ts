import { type Group, rowsOf } from './rows.ts';

const where =
  'log, `dropgate check`, `dropgate agents errors`, `GET /admin/agents/errors`, the banner of `dropgate dev`';

/** Codes of importing a module. */
export const loadingAgents: readonly Group[] = [
  {
    title: 'The file fails while it loads',
    where,
    capability: '[What a module runs on](../authors.md#what-it-runs-on)',
    rows: rowsOf(`
syntax_error | The agent does not load, or the version before serves. | The file cannot be parsed. | Correct the line that is named.
import_failed | The agent does not load. | The file, or one that it imports, threw an error. | Correct the line that is named.
case_failed | The version before serves, or none. | A case in the agent's \`tests/\` fails, and \`tests: gate\` is set. | \`dropgate test <agent>\` shows what differs: mend the agent or the case.
cases_not_played | The version before serves, or none. | The cases take over 60 s together, or could not be played. | \`dropgate test <agent>\`, or set \`tests: off\` for the agent.
missing_file | The agent does not load. | A file that it imports or reads is not there. | Correct the path, which begins in the agent's folder.
missing_package | The agent does not load. | A package is not installed. | Declare it and run \`dropgate deps install\`.
missing_subpath | The agent does not load. | The installed package has no such part. | Import what it has, or install another version.
missing_export | The agent does not load. | A package or file has no such name. | Use the name that the hint proposes.
missing_program | The agent does not load, or a tool server is away. | A program is not in the PATH. | Install it, or name its path.
missing_variable | The agent does not load. | A variable of the environment is not set. | Put it into the \`.env\` beside the agent.
undefined_name | The agent does not load. | A name is used that nothing declares. | Import or declare it.
unofficial_package | The agent does not load. | The import is not the Agents SDK. | Import \`@openai/agents\`, in Python \`agents\` of \`openai-agents\`.
foreign_import | The agent does not load. | It is written for another runtime, such as Deno or Bun. | Import what Node has.
circular_import | The agent does not load. | A file imports itself, mostly by a name that a package has. | Rename the file.
unknown_argument | The agent does not load. | The installed version of a package does not take an argument. | Correct it, or install another version.
sdk_mismatch | The agent does not load. | The versions of the SDK and of \`openai\` do not fit. | Install the versions that the hint names.
native_package_failed | The agent does not load. | A package with native code does not fit this machine. | Install it again here.
decorators_unsupported | The agent does not load. | The form of decorators is not supported. | Set \`experimentalDecorators\` in \`tsconfig.json\`, or do without.
input_at_load | The agent does not load. | The file asks a question in the terminal. | Move it below \`if __name__ == "__main__":\`.
load_timeout | The agent does not load. | Loading took longer than \`worker.load_timeout_ms\`. | Look at the line that is named; raise the limit if the work is needed.
process_exit | The agent does not load. | The file ended the process. | Remove the call, or move it into \`main()\`.
unhandled_rejection | The agent does not load, or a run fails. | A promise failed and nobody caught it. | Await it, and catch its error.
uncaught_exception | The agent does not load, or a run fails. | An error in a callback was not caught. | Catch it there.
out_of_memory | The agent does not load. | It needs more than \`worker.memory_limit_mb\`. | Load less, or raise the limit.
too_many_processes | The agent does not load. | It starts more than \`worker.process_limit\` processes. | Start fewer, or raise the limit.
load_cancelled | A load ended early. | A newer edit took its place, or the gateway stops. | Nothing.
load_broke_off | A load ended without a result. | The gateway could not go on, because its disk is full say. | It is tried again every few seconds; the log before it has the cause.
files_keep_changing | The agent loads late. | Its files change while it loads, time after time. | Write files elsewhere while it loads.
reloads_without_end | The agent reloads with growing pauses. | It writes into files that it is made of. | Write elsewhere.
protocol_violated | The agent does not load. | Something wrote to the worker's own channel (fd 3). | Do not write to file descriptor 3.
protocol_version | The agent does not load. | Gateway and worker are of different versions. | Install the gateway again.
manifest_too_large | The agent does not load. | It has more tools or agents than can be listed. | Give it fewer.
runtime_unavailable | The agent does not load. | The worker's process cannot be started. | Look at the reason; \`dropgate doctor\` checks the machine.
worker_failed | The agent does not load. | The worker failed by itself. | Report it with the log.
folder_too_large | The agent does not load in the sandbox. | Its folder has more files than are copied. | Move data out of it.
link_leaves_module | The agent does not load in the sandbox. | A link leads out of its folder. | Copy what it leads to.
load_denied | The agent does not load, or is withdrawn. | A rule denies \`load_module\`. | Change the rule: \`dropgate security preview load_module <path>\`.
decided_about_another_version | The agent is not served yet. | The file changed between the decision and the load. | Refresh.
`),
  },
  {
    title: 'It loads, and something in it cannot work',
    where,
    capability:
      '[What cannot run is found](../situations.md#what-cannot-run-is-found-when-it-is-loaded)',
    rows: rowsOf(`
bad_tool | The agent does not load. | Something that is no tool is in \`tools\`. | Wrap it with \`tool({ … })\` or \`@function_tool\`.
duplicate_tool | A warning. The model is offered the last one only. | Two tools have one name. | Rename one.
tool_stub | A warning. The tool gives nothing. | Agent Builder exported a tool without a body. | Write it.
approval_stub | A warning. Everything is approved. | Agent Builder exported an approval without a body. | Ask somebody, or return false.
approval_not_served | A warning. The run ends with \`approval_required\`. | A tool needs approval in a workflow, a plain \`run\`, or, with an SDK that is too old, an agent that is a tool: none of them can wait. | Export the agent itself, or take the version of the SDK that the finding names.
bad_handoff | The agent does not load. | Something in \`handoffs\` is no agent. | Put an agent or \`handoff(…)\` there.
bad_guardrail | The agent does not load. | Something in the guardrails is none. | Correct it.
bad_mcp_server | The agent does not load. | Something in \`mcpServers\` is no server. | Correct it.
bad_model | The agent does not load. | \`model\` is neither a name nor a model. | Correct it.
bad_instructions | The agent does not load. | \`instructions\` are neither a text nor a function. | Correct them.
bad_output_type | The agent does not load. | \`outputType\` is no schema that the SDK takes. | Correct it.
bad_tool_choice | The agent does not load. | \`toolChoice\` names no tool. | Correct it.
sandbox_client_missing | The agent does not load. | A \`SandboxAgent\` gets no client in a run. | Write the workflow that the hint shows.
stored_prompt_ends | A warning. | OpenAI ends stored prompts on 2026-11-30. | Put the text into \`instructions\`.
web_socket_not_served | The agent does not load. | It asks its model over a WebSocket. | Use HTTP.
hosted_tool_needs_responses | The agent does not load, or warns. | A hosted tool, and an upstream with chat completions only. | Use an upstream with \`api: responses\`.
mcp_server_unreachable | A warning. The agent runs without those tools. | A tool server cannot be reached. | Start it; it is tried again by itself.
run_model_not_used | A warning. | Only runs of the file's own have this model. | Set the model on the agent or in \`__gateway__\`.
own_model_server | An info. | The module calls a model server of its own, past budgets. | Nothing, or make it an upstream.
model_access_replaced | A warning. | The file replaced the gateway's address or token. | Remove \`OPENAI_*\` from its \`.env\`.
upstream_key_in_module | A warning. The key has no effect. | A key of an upstream lies in the module. | Move it to \`.dropgate/upstream.env\`.
unknown_upstream | A warning. The default upstream is used. | \`__gateway__.upstream\` names none. | Use a name of \`gateway.yaml\`.
model_not_applied | A warning. | \`__gateway__.model\` cannot be set on this agent. | Set the model in the file.
context_not_given | A warning. | The file reads a field of the context that no request brings. | Add \`__gateway__.context\`.
bad_context | The agent does not load. | What makes the context cannot be called so. | Correct its parameters.
bad_metadata | A warning. The rest applies. | A field of \`__gateway__\` is wrong. | Use one of the values in the hint.
unknown_metadata | A warning. The rest applies. | \`__gateway__\` has a field that there is not. | Correct its name.
cwd_applied_late | A warning. | \`__gateway__.cwd\` is computed. | Write it as a plain value.
`),
  },
  {
    title: 'The file does more than build an agent',
    where,
    capability: '[Files that are scripts too](../situations.md#files-that-are-scripts-too)',
    rows: rowsOf(`
call_at_load | A warning. The agent serves. | The file asks a model while it loads. | Move it to a direct start, or set \`calls_at_load: 'allow'\`.
script_failed | A warning. The agent serves. | A \`main()\` beside the agent failed or ended. | Let only a direct start run it.
script_waits | A warning. The agent serves. | The top level waits for something that nobody sends. | Let only a direct start run it.
script_left_out | A warning. The agent serves. | A server or a loop for input was not started. | Let only a direct start run it.
port_opened | A warning. | The file listens on a port while it loads. | Let only a direct start open it.
port_held | A new version waits. | The version before holds a port, and runs go on in it. | Wait, or do not listen.
root_env_withheld | A warning. | The file reads the \`.env\` of the project's root. | Put what it needs into its own \`.env\`.
env_unreadable | A warning. The \`.env\` is not used. | It is unreadable or not UTF-8. | Save it as UTF-8.
env_line_unread | A warning. | A line of the \`.env\` is no \`NAME=value\`. | Correct the line.
variable_withheld | A warning. | The \`.env\` sets a variable that a sandbox must not have. | Remove it.
secret_missing | The agent does not load, or serves on. | A secret that \`gateway.yaml\` names is not there. | Set the variable or write the file.
names_no_issuer | A warning. | A rule names an issuer of tokens that \`auth.jwt\` does not have. | Correct it.
issuer_keys_unreadable | A finding. | The public keys of an issuer of tokens cannot be read. | Look after its server, or correct its entry in \`auth.jwt\`.
names_no_agent | A warning. | A pattern in \`gateway.yaml\` fits no agent. | Correct it.
rolled_back | An info. | An operator went back to an earlier version. | \`dropgate agents rollback <agent> --release\`, or edit the file.
generation_not_kept | The agent loads from disk. | The bytes of the version that served are gone. | Keep \`.dropgate/generations\`.
kept_bytes_changed | The agent does not load. | Somebody changed the files that the gateway keeps in \`.dropgate\`. | See who can write there; \`dropgate agents refresh --force\`.
worker_keeps_dying | The agent is \`degraded\`. | Its process died three times without a finished run. | Look at the errors before it; correct the file.
`),
  },
];
