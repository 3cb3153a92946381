#include "app/command_words.h"

#include <CLI/CLI.hpp>

#include "app/version.h"

namespace carapace::app {

const std::vector<std::string>& completed_shells() {
  static const std::vector<std::string> kShells{"bash", "zsh", "fish"};
  return kShells;
}

namespace {

void add_place(CLI::App& verb, Options& options) {
  verb.add_option("--config", options.config_file, "configuration file")->type_name("FILE");
  verb.add_option("--state-dir", options.state_dir, "folder of everything that is kept")
      ->type_name("DIR");
}

void add_gateway(CLI::App& verb, Options& options) {
  add_place(verb, options);
  verb.add_option("--port", options.port, "port of the gateway")
      ->check(CLI::Range(0, 65535).description(""))
      ->type_name("N");
  verb.add_option("--token", options.token, "gateway token")->type_name("TOKEN");
}

void describe_start(CLI::App& root, Options& options) {
  auto* verb = root.add_subcommand("start", "run the gateway in the foreground");
  add_gateway(*verb, options);
  verb->add_option("--bind", options.bind, "who can reach it: loopback, auto, lan, or an address")
      ->type_name("MODE");
  verb->add_flag("--verbose", options.verbose, "log more");
}

void describe_talk(CLI::App& root, Options& options) {
  auto* chat = root.add_subcommand("chat", "a conversation in the terminal");
  add_gateway(*chat, options);
  chat->add_option("--session", options.session, "session to talk in (default: main)")
      ->type_name("KEY");

  auto* agent = root.add_subcommand("agent", "one question, one answer");
  add_gateway(*agent, options);
  agent
      ->add_option("-m,--message", options.message,
                   "the question; without it standard input is read")
      ->type_name("TEXT")
      ->each([&options](const std::string&) { options.message_given = true; });
  agent->add_option("--session", options.session, "session to ask in (default: main)")
      ->type_name("KEY");
  agent->add_option("--model", options.model, "provider/model for this session")
      ->type_name("MODEL");
  agent->add_option("--timeout", options.timeout_s, "seconds to wait for the answer")
      ->check(CLI::Range(0, 86'400).description(""))
      ->type_name("N");
  agent->add_flag("--json", options.json, "print one JSON value");
}

void describe_look(CLI::App& root, Options& options) {
  auto* open = root.add_subcommand("open", "open the browser app, signed in");
  add_gateway(*open, options);
  open->add_flag("--print", options.print_only, "only print the address");
  open->add_flag("--json", options.json, "print the address as one JSON value");

  auto* status = root.add_subcommand("status", "is it up, which model answers and why");
  add_gateway(*status, options);
  status->add_flag("--json", options.json, "print one JSON value");

  auto* logs = root.add_subcommand("logs", "what the gateway does");
  add_gateway(*logs, options);
  logs->add_option("-n,--lines", options.lines, "how many lines")
      ->check(CLI::Range(1, 5000).description(""))
      ->type_name("N");
  logs->add_flag("-f,--follow", options.follow, "go on with new lines");
  logs->add_flag("--json", options.json,
                 "print the lines as they are stored: one JSON object each");
}

// One action of `config`; all of them say where the file is and print JSON when asked.
CLI::App* config_action(CLI::App& config, Options& options, const char* name, const char* help) {
  auto* action = config.add_subcommand(name, help);
  add_place(*action, options);
  action->callback([&options, name] { options.config_action = name; });
  return action;
}

void add_key(CLI::App& action, Options& options) {
  action
      .add_option(
          "key", options.key,
          "dotted path, e.g. gateway.port, agents.list[0].id or, by its id,\nagents.list.main.name")
      ->required()
      ->type_name("KEY");
}

void describe_config_look(CLI::App& config, Options& options) {
  auto* show = config_action(config, options, "show", "everything in force, secrets hidden");
  show->add_flag("--no-defaults", options.only_set, "only what the files set");
  add_key(*config_action(config, options, "get", "one value, secrets hidden"), options);
  add_key(*config_action(config, options, "explain",
                         "what a key is for, its value and where that comes from"),
          options);
  config_action(config, options, "path", "where the file is");
  auto* validate = config_action(config, options, "validate", "every problem, with its line");
  validate
      ->add_option("file", options.path, "another file than the one in use; - is standard input")
      ->type_name("FILE");
  config_action(config, options, "schema", "the JSON Schema of the file");
  auto* plan =
      config_action(config, options, "plan", "what a file would change in a gateway that runs");
  plan->add_option("file", options.path, "default: the file in use; - is standard input")
      ->type_name("FILE");
}

void describe_config_change(CLI::App& config, Options& options) {
  auto* set =
      config_action(config, options, "set", "write one value; comments in the file are kept");
  add_key(*set, options);
  set->add_option("value", options.value,
                  "JSON5 or plain text; - reads it from standard input or asks without echo, and "
                  "so does a secret that is left out")
      ->type_name("VALUE")
      ->each([&options](const std::string&) { options.value_given = true; });
  set->add_flag("--strict", options.strict, "the value must be JSON5 (--json asks that too)");
  set->add_flag("--append", options.append, "add the value to the end of a list");
  set->add_flag("--dry-run", options.dry_run, "check it, say what it would do, write nothing");
  auto* unset = config_action(config, options, "unset", "take one key out of the file");
  add_key(*unset, options);
  unset->add_flag("--dry-run", options.dry_run, "check it and write nothing");
  auto* edit = config_action(config, options, "edit",
                             "open the file in $VISUAL or $EDITOR; saved when valid");
  edit->add_option("file", options.path, "go on with the copy that an earlier edit left")
      ->type_name("COPY");
}

void describe_config_past(CLI::App& config, Options& options) {
  config_action(config, options, "history", "the last ten files");
  auto* diff = config_action(config, options, "diff", "what changed, secrets hidden");
  diff->add_option("before", options.first, "number of the history, or file (default: the last)")
      ->type_name("A");
  diff->add_option("after", options.second, "the same (default: file)")->type_name("B");
  auto* back = config_action(config, options, "rollback", "bring a file of the history back");
  back->add_option("number", options.entry, "which (default: the last that differs)")
      ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 53U).description(""))
      ->type_name("N");
  back->add_flag("--dry-run", options.dry_run, "check it and write nothing");
  auto* import = config_action(config, options, "import",
                               "take over the configuration of clawdbot, moltbot, openclaw or the "
                               "earlier Carapace");
  import->add_option("path", options.path, "its file or state folder")
      ->required()
      ->type_name("PATH");
  import->add_flag("--dry-run", options.dry_run, "only say what would be carried over");
  auto* merge = import->add_flag("--merge", options.merge, "into the configuration that is there");
  import->add_flag("--replace", options.replace, "in place of the configuration that is there")
      ->excludes(merge);
}

void describe_config(CLI::App& root, Options& options) {
  auto* config = root.add_subcommand("config", "the configuration");
  config->require_subcommand(1);
  describe_config_look(*config, options);
  describe_config_change(*config, options);
  describe_config_past(*config, options);
  for (auto* action : children_of(*config))
    action->add_flag("--json", options.json, "print one JSON value");
}

CLI::App* credential_action(CLI::App& credentials, Options& options, const char* name,
                            const char* help) {
  auto* action = credentials.add_subcommand(name, help);
  add_place(*action, options);
  action->add_flag("--json", options.json, "print one JSON value");
  action->callback([&options, name] { options.credential_action = name; });
  return action;
}

void describe_credentials(CLI::App& root, Options& options) {
  auto* credentials = root.add_subcommand("credentials", "secrets in the keyring of this machine");
  credentials->require_subcommand(1);
  credential_action(*credentials, options, "list", "which there are and where they lie");
  auto* set = credential_action(*credentials, options, "set",
                                "keep one; it is asked for without echo, and the configuration "
                                "refers to it as keychain:NAME");
  auto* remove = credential_action(*credentials, options, "delete", "delete one");
  for (auto* action : {set, remove})
    action->add_option("name", options.name, "kind:agent:id, e.g. provider:main:work")
        ->required()
        ->type_name("NAME");
  set->add_option("value", options.value, "- reads it from standard input")
      ->type_name("-")
      ->each([&options](const std::string&) { options.value_given = true; });
  auto* migrate =
      credential_action(*credentials, options, "migrate",
                        "move the secrets that stand in the configuration into the keyring");
  migrate->add_flag("--dry-run", options.dry_run, "only say what would be moved");
}

void describe_doctor(CLI::App& root, Options& options) {
  auto* doctor = root.add_subcommand("doctor", "what is wrong, and the command that mends it");
  add_gateway(*doctor, options);
  doctor->add_flag("--fix", options.fix, "mend what is safe to mend, and say what was done");
  doctor->add_flag("--yes", options.yes, "with --fix: roll back a broken configuration unasked");
  doctor->add_flag("--offline", options.offline, "ask nothing of the network");
  doctor->add_flag("--json", options.json, "print one JSON value");
}

void describe_rest(CLI::App& root, Options& options) {
  auto* version = root.add_subcommand("version", "print the version");
  version->add_flag("--json", options.json, "print one JSON value");
  auto* providers = root.add_subcommand("providers", "model providers and their key variables");
  providers->add_flag("--json", options.json, "print one JSON value");
  auto* completion = root.add_subcommand("completion", "print a completion script");
  completion->add_option("shell", options.shell, "which shell")
      ->required()
      ->check(CLI::IsMember(completed_shells()).description(""))
      ->type_name("bash|zsh|fish");
  auto* help = root.add_subcommand("help", "help for a command");
  help->add_option("command", options.help_for, "for example: config set")->type_name("COMMAND");
}

}  // namespace

std::unique_ptr<CLI::App> describe_commands(Options& options) {
  auto root = std::make_unique<CLI::App>(
      "Carapace: a personal assistant gateway that you run yourself.", "carapace");
  root->set_version_flag("-V,--version", std::string("carapace ") + kVersion);
  root->require_subcommand(1);
  describe_start(*root, options);
  describe_talk(*root, options);
  describe_look(*root, options);
  describe_config(*root, options);
  describe_credentials(*root, options);
  describe_doctor(*root, options);
  describe_rest(*root, options);
  // Set last: commands do not take it over.
  root->footer(
      "carapace COMMAND --help tells more. Start with: carapace start, then carapace chat or\n"
      "carapace open. Exit codes: 0 success, 1 failure, 2 wrong usage. Environment:\n"
      "CARAPACE_CONFIG_PATH, CARAPACE_STATE_DIR, CARAPACE_GATEWAY_PORT, CARAPACE_GATEWAY_TOKEN,\n"
      "CARAPACE_GATEWAY_PASSWORD, CARAPACE_CONFIG_PASSWORD, CARAPACE_CREDENTIAL_STORE, NO_COLOR.");
  return root;
}

std::vector<CLI::App*> children_of(const CLI::App& app) {
  std::vector<CLI::App*> children;
  for (auto* child : app.get_subcommands([](const CLI::App*) { return true; }))
    children.push_back(const_cast<CLI::App*>(child));
  return children;
}

std::vector<std::string> words_of(const CLI::App& app) {
  std::vector<std::string> words;
  for (const auto* child : children_of(app)) words.push_back(child->get_name());
  for (const auto* option : app.get_options())
    for (const auto& name : option->get_lnames()) words.push_back("--" + name);
  return words;
}

}  // namespace carapace::app
