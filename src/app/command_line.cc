#include "app/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "app/terminal/output.h"
#include "app/version.h"

namespace carapace::app {
namespace {

void add_place(CLI::App& verb, Options& options) {
  verb.add_option("--config", options.config_file, "configuration file")->type_name("FILE");
  verb.add_option("--state-dir", options.state_dir, "folder of everything that is kept")
      ->type_name("DIR");
}

void add_gateway(CLI::App& verb, Options& options) {
  add_place(verb, options);
  verb.add_option("--port", options.port, "port of the gateway")->check(CLI::Range(0, 65535));
  verb.add_option("--token", options.token, "gateway token");
}

void describe_start(CLI::App& root, Options& options) {
  auto* verb = root.add_subcommand("start", "run the gateway in the foreground");
  add_gateway(*verb, options);
  verb->add_option("--bind", options.bind, "who can reach it: loopback, auto, lan, or an address");
  verb->add_flag("--verbose", options.verbose, "log more");
}

void describe_talk(CLI::App& root, Options& options) {
  auto* chat = root.add_subcommand("chat", "a conversation in the terminal");
  add_gateway(*chat, options);
  chat->add_option("--session", options.session, "session to talk in (default: main)");

  auto* agent = root.add_subcommand("agent", "one question, one answer");
  add_gateway(*agent, options);
  agent
      ->add_option("-m,--message", options.message,
                   "the question; without it standard input is read")
      ->each([&options](const std::string&) { options.message_given = true; });
  agent->add_option("--session", options.session, "session to ask in (default: main)");
  agent->add_option("--model", options.model, "provider/model for this session");
  agent->add_option("--timeout", options.timeout_s, "seconds to wait for the answer")
      ->check(CLI::NonNegativeNumber);
  agent->add_flag("--json", options.json, "print one JSON value");
}

void describe_look(CLI::App& root, Options& options) {
  auto* open = root.add_subcommand("open", "open the browser app, signed in");
  add_gateway(*open, options);
  open->add_flag("--print", options.print_only, "only print the address");

  auto* status = root.add_subcommand("status", "is it up, which model answers and why");
  add_gateway(*status, options);
  status->add_flag("--json", options.json, "print one JSON value");

  auto* logs = root.add_subcommand("logs", "what the gateway does");
  add_gateway(*logs, options);
  logs->add_option("-n,--lines", options.lines, "how many lines")->check(CLI::Range(1, 5000));
  logs->add_flag("-f,--follow", options.follow, "go on with new lines");
  logs->add_flag("--json", options.json,
                 "print the lines as they are stored: one JSON object each");
}

void describe_config(CLI::App& root, Options& options) {
  auto* config = root.add_subcommand("config", "the configuration");
  config->require_subcommand(1);
  auto* show = config->add_subcommand("show", "everything in force, secrets hidden");
  add_place(*show, options);
  show->add_flag("--json", options.json, "print one JSON value");
  auto* get = config->add_subcommand("get", "one value");
  add_place(*get, options);
  get->add_option("key", options.key, "dotted path, e.g. gateway.port")->required();
  get->add_flag("--json", options.json, "print one JSON value");
  auto* set = config->add_subcommand("set", "write one value; comments in the file are kept");
  add_place(*set, options);
  set->add_option("key", options.key, "dotted path, e.g. gateway.port")->required();
  set->add_option("value", options.value, "JSON5 or plain text; - reads it without echo")
      ->required();
  auto* path = config->add_subcommand("path", "where the file is");
  add_place(*path, options);
  for (auto* action : {show, get, set, path})
    action->callback([&options, name = action->get_name()] { options.config_action = name; });
}

void describe_rest(CLI::App& root, Options& options) {
  auto* version = root.add_subcommand("version", "print the version");
  version->add_flag("--json", options.json, "print one JSON value");
  auto* completion = root.add_subcommand("completion", "print a completion script");
  completion->add_option("shell", options.shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
}

std::unique_ptr<CLI::App> describe(Options& options) {
  auto root = std::make_unique<CLI::App>(
      "Carapace: a personal assistant gateway that you run yourself.", "carapace");
  root->set_version_flag("-V,--version", std::string("carapace ") + kVersion);
  root->require_subcommand(1);
  root->footer("Start with: carapace start, then carapace chat or carapace open.");
  describe_start(*root, options);
  describe_talk(*root, options);
  describe_look(*root, options);
  describe_config(*root, options);
  describe_rest(*root, options);
  return root;
}

std::vector<std::string> words_of(const CLI::App& app) {
  std::vector<std::string> words;
  for (const auto* child : app.get_subcommands([](const CLI::App*) { return true; }))
    words.push_back(child->get_name());
  for (const auto* option : app.get_options()) {
    for (const auto& name : option->get_lnames()) words.push_back("--" + name);
  }
  return words;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

}  // namespace

Parsed parse_command_line(int argc, const char* const* argv) {
  Options options;
  const auto root = describe(options);
  try {
    root->parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = root->exit(error);
    return {std::nullopt, code == 0 ? kExitOk : kExitUsage};
  }
  options.verb = root->get_subcommands().front()->get_name();
  return {options, kExitOk};
}

std::string completion_script(const std::string& shell) {
  Options unused;
  const auto root = describe(unused);
  std::string cases;
  std::string fish = "complete -c carapace -f\n";
  for (const auto* verb : root->get_subcommands([](const CLI::App*) { return true; })) {
    cases += fmt::format("    {}) words=\"{}\" ;;\n", verb->get_name(), joined(words_of(*verb)));
    fish += fmt::format("complete -c carapace -n __fish_use_subcommand -a {} -d '{}'\n",
                        verb->get_name(), verb->get_description());
    for (const auto& word : words_of(*verb)) {
      const bool flag = word.starts_with("--");
      fish += fmt::format("complete -c carapace -n '__fish_seen_subcommand_from {}' {} {}\n",
                          verb->get_name(), flag ? "-l" : "-a", flag ? word.substr(2) : word);
    }
  }
  if (shell == "fish") return fish;
  const std::string body = fmt::format(
      "_carapace() {{\n  local words=\"{}\"\n  case \"${{COMP_WORDS[1]}}\" in\n{}  esac\n"
      "  [ \"$COMP_CWORD\" -gt 1 ] || words=\"{}\"\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"${{COMP_WORDS[COMP_CWORD]}}\"))\n}}\ncomplete -F "
      "_carapace carapace\n",
      joined(words_of(*root)), cases, joined(words_of(*root)));
  return shell == "zsh"    ? "autoload -U +X bashcompinit && bashcompinit\n" + body
         : shell == "bash" ? body
                           : std::string();
}

}  // namespace carapace::app
