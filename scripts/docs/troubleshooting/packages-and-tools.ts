import { type Group, rowsOf } from './rows.ts';

/** Codes of packages, gateway tools, settings and audits. */
export const packagesAndTools: readonly Group[] = [
  {
    title: 'Packages',
    where:
      '`dropgate deps plan`, `dropgate deps install`, `dropgate check`, `dropgate agents errors`, log',
    capability: '[Packages of an agent](../dependencies.md)',
    rows: rowsOf(`
missing_dependency | The agent does not load. | A declared package is not installed. | \`dropgate deps install\`.
wrong_dependency_version | The agent does not load. | The installed version does not fit. | \`dropgate deps install\`.
undeclared_dependency | A warning. | A package is imported and not declared. | Add the line that the hint shows.
bad_package_json | The agent does not load. | \`package.json\` is not as npm needs it. | Correct the line.
bad_requirement | The agent does not load. | A line of the requirements is none that pip takes. | Correct the line.
requirements_unreadable | The agent does not load. | A file of requirements cannot be read, or lies outside. | Put it into the agent's folder.
requirement_option_ignored | A warning. | An option in the requirements is not used. | Put it into pip's own settings.
lookalike_package | A warning. | The name is one letter from a well-known package, or is not the SDK. | Correct the name.
source_refused | The install fails. | A package would come from an address, from source or from outside the project. | Use a registry, or \`--allow-scripts\` if you trust it.
credentials_withheld | A warning. The package may not be found. | The agent names a registry, so your tokens are not sent there. | Name the registry in your own settings.
npmrc_line_ignored | A warning. | A line of the agent's \`.npmrc\` is not used. | Put it into your own \`~/.npmrc\`.
npm_failed | The install fails. | npm ended with an error. | Read its text.
npm_missing | The install fails. | There is no npm beside this Node. | Install npm.
python_install_failed | The install fails. | pip or uv ended with an error. | Read its text.
incomplete_install | The install fails. | Something that is declared was not there afterwards. | Read what is missing.
install_running | The install fails. | Another install of this agent goes on. | Wait for it.
file_refused | The install fails. | A lock file in the agent's folder is no file, or too large. | Put a file in its place, or remove it.
folder_not_writable | The install fails. | The folder cannot be written. | Give permission.
python_missing | The agent does not load. | There is no Python. | Install Python 3.10 or newer, or set \`GATEWAY_PYTHON\`.
python_too_old | The agent does not load. | Python is older than 3.10. | Set \`GATEWAY_PYTHON\` to a newer one.
python_version_unfit | A warning. | \`requires-python\` names another version. | Use that version, or correct the line.
python_environment_broken | The agent does not load. | The Python of the \`.venv\` does not start. | Remove the \`.venv\` and run \`dropgate deps install\`.
python_environment_of_another | The agent does not load. | The \`.venv\` was made for another Python. | Remove it and run \`dropgate deps install\`.
python_environment_in_preparation | The agent waits. | The shared environment is being made. | Wait.
`),
  },
  {
    title: 'Gateway tools',
    where: '`dropgate tools list`, `dropgate tools show <name>`, `GET /admin/tools`, log',
    capability: '[Gateway tools](Tools.md)',
    rows: rowsOf(`
unknown_gateway_tool | A warning. Calls fail. | The agent names a gateway tool that there is not. | Set it up in \`gateway.yaml\`, or correct the name.
gateway_tool_hidden | A warning. | The agent has a tool of its own of the same name, which wins. | Rename one.
tool_source_failed | Its tools cannot be called. | An MCP server or an API document cannot be read. | Read the reason; it is tried again.
two_tool_files | Neither tool is there. | Two files give one name. | Remove one.
tool_name_unusable | The tool is not there. | Models do not take this name. | Rename the file.
tools_folder_unreadable | Tools are not there. | \`src/tools\` cannot be read. | Give permission.
no_tool | The tool is not there. | The file exports no tool. | Export one.
several_tools | The tool is not there. | The file exports several, and none has its name. | Export one, or name it like the file.
tool_has_guardrails | The tool is refused. | It has guardrails, which only a run of an agent keeps. | Put them on the agent.
tool_needs_approval | The tool is refused. | It needs approval. | Remove it, or keep the tool in the agent.
tool_threw | The model is told that the tool failed. | A tool's code threw. | Look at file and line.
tool_arguments_invalid | The model is told what is wrong. | The model sent arguments that do not fit. | Describe the parameters better.
`),
  },
  {
    title: 'Settings, and while it serves',
    where: 'log, `dropgate status`, `dropgate doctor`, `GET /admin/agents/errors`',
    capability: '[Settings](../configuration.md), [operator’s runbook](OperatorRunbook.md)',
    rows: rowsOf(`
bad_setting | The gateway does not start, or keeps the settings of before. | \`gateway.yaml\` or a variable is wrong. | Correct the line that is named.
setting_needs_restart | A warning. | A changed setting holds only after a restart. | Restart.
wrong_usage | A command ends with 2. | Its arguments are wrong. | \`dropgate <command> --help\`.
outside_calls_refused | Calls of an agent outside of runs fail. | \`security.calls_outside_runs\` denies them. | Make them in a run, or allow them.
worker_ended | Runs of an agent fail. | Its process died, hung or passed a limit. | Look at the reason and the line.
`),
  },
  {
    title: 'What an audit finds',
    where: '`dropgate audit`',
    capability: '[Security](../systems/security.md)',
    rows: rowsOf(`
key_of_users_administers | A finding. | A key that forwards its users has a role above caller: whoever gets hold of that backend administers. | Make one with \`--role caller --forwards-users\`, and revoke it.
no_admin_key | A finding. | No admin's key is valid. | \`dropgate keys create --role admin\`.
many_admin_keys | A finding. | Many keys may do everything. | Revoke those that need not.
key_without_expiry | A finding. | A key never ends. | Rotate it with \`--expires\`.
key_expiring | A finding. | A key ends soon. | Rotate it.
key_unused | A finding. | A key was not used for long. | Revoke it.
key_never_used | A finding. | A key was never used. | Revoke it.
agent_open_to_all | A finding. | Every caller may run an agent. | Close its namespace if that is not meant.
agents_unknown | A finding. | No agent has loaded on this store yet. | Start the gateway once, then audit again.
namespace_without_default | A finding. | A namespace has no default. | Set one in \`security.namespaces\`.
rule_expired | A finding. | A rule has ended. | Remove it.
rule_shadowed | A finding. | Another rule always decides before it. | Remove one.
rule_fits_nothing | A finding. | A rule fits no key, agent or tool. | Correct or remove it.
override_breaks_glass | A finding. | An override stands above the rules that deny. | Revoke it when it is not needed.
model_retiring | A finding, and once a day in the log. | The vendor will switch a model off. | Name another one.
`),
  },
];
