#include "app/command_line.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <memory>

#include "app/terminal/output.h"
#include "app/version.h"
#include "config/fields.h"
#include "config/text/near_name.h"

namespace carapace::app {
namespace {

const std::vector<std::string> kShells{"bash", "zsh", "fish"};

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
  path->add_flag("--json", options.json, "print one JSON value");
  for (auto* action : {show, get, set, path})
    action->callback([&options, name = action->get_name()] { options.config_action = name; });
}

void describe_rest(CLI::App& root, Options& options) {
  auto* version = root.add_subcommand("version", "print the version");
  version->add_flag("--json", options.json, "print one JSON value");
  auto* providers = root.add_subcommand("providers", "model providers and their key variables");
  providers->add_flag("--json", options.json, "print one JSON value");
  auto* completion = root.add_subcommand("completion", "print a completion script");
  completion->add_option("shell", options.shell, "which shell")
      ->required()
      ->check(CLI::IsMember(kShells).description(""))
      ->type_name("bash|zsh|fish");
  auto* help = root.add_subcommand("help", "help for a command");
  help->add_option("command", options.help_for, "for example: config set")->type_name("COMMAND");
}

std::unique_ptr<CLI::App> describe(Options& options) {
  auto root = std::make_unique<CLI::App>(
      "Carapace: a personal assistant gateway that you run yourself.", "carapace");
  root->set_version_flag("-V,--version", std::string("carapace ") + kVersion);
  root->require_subcommand(1);
  describe_start(*root, options);
  describe_talk(*root, options);
  describe_look(*root, options);
  describe_config(*root, options);
  describe_rest(*root, options);
  // Set last: commands do not take it over.
  root->footer(
      "carapace COMMAND --help tells more. Start with: carapace start, then carapace chat or\n"
      "carapace open. Exit codes: 0 success, 1 failure, 2 wrong usage. Environment:\n"
      "CARAPACE_CONFIG_PATH, CARAPACE_STATE_DIR, CARAPACE_GATEWAY_PORT, CARAPACE_GATEWAY_TOKEN,\n"
      "CARAPACE_GATEWAY_PASSWORD, NO_COLOR.");
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

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

std::string near_word(const std::string& word, const std::vector<std::string>& known) {
  const std::vector<std::string_view> names(known.begin(), known.end());
  const auto near = config::nearest(word, names);
  return near ? fmt::format("; did you mean {}?", *near) : "";
}

CLI::App* child_named(const CLI::App& app, const std::string& name) {
  for (auto* child : children_of(app))
    if (child->get_name() == name) return child;
  return nullptr;
}

int usage_error(const std::string& what, const std::string& command) {
  print_error(fmt::format("{}. See: {} --help", what, command));
  return kExitUsage;
}

// How far the words name commands: the last one, and the whole way to it.
struct Reached {
  CLI::App* command;
  std::string path = "carapace";
  std::size_t words = 0;
};
Reached reach(CLI::App& root, const std::vector<std::string>& words) {
  Reached at{&root};
  while (at.words < words.size()) {
    auto* child = child_named(*at.command, words[at.words]);
    if (!child) break;
    at.command = child;
    at.path += " " + words[at.words++];
  }
  return at;
}

// Why a command line could not be read, in words that say what would have been right.
int explain(CLI::App& root, const std::vector<std::string>& words, const CLI::ParseError& error) {
  const auto at = reach(root, words);
  if (at.words < words.size() && !words[at.words].starts_with('-') &&
      !children_of(*at.command).empty()) {
    const auto& word = words[at.words];
    return usage_error(fmt::format("there is no command {} {}{}", at.path, word,
                                   near_word(word, words_of(*at.command))),
                       at.path);
  }
  if (dynamic_cast<const CLI::ExtrasError*>(&error)) {
    for (const auto& extra : root.remaining(true)) {
      if (extra.starts_with('-'))
        return usage_error(
            fmt::format("there is no option {}{}", extra, near_word(extra, words_of(*at.command))),
            at.path);
    }
    for (const auto& extra : root.remaining(true))
      return usage_error(fmt::format("'{}' is one word too many", extra), at.path);
  }
  if (!children_of(*at.command).empty()) {
    std::fputs(root.help().c_str(), stderr);
    return kExitUsage;
  }
  std::string what = error.what();
  while (what.ends_with('\n') || what.ends_with('.')) what.pop_back();
  return usage_error(what, at.path);
}

// `carapace help config set` is `carapace config set --help`.
Parsed help_for(const std::vector<std::string>& words) {
  Options unused;
  const auto root = describe(unused);
  const auto at = reach(*root, words);
  if (at.words < words.size())
    return {std::nullopt,
            usage_error(fmt::format("there is no command {} {}{}", at.path, words[at.words],
                                    near_word(words[at.words], words_of(*at.command))),
                        "carapace")};
  std::vector<std::string> reversed{"--help"};  // as the parser wants them
  reversed.insert(reversed.end(), words.rbegin(), words.rend());
  try {
    root->parse(std::move(reversed));
  } catch (const CLI::ParseError& asked) {
    return {std::nullopt, root->exit(asked)};
  }
  return {std::nullopt, kExitUsage};
}

}  // namespace

Parsed parse_command_line(int argc, const char* const* argv) {
  Options options;
  const auto root = describe(options);
  const std::vector<std::string> words(argv + std::min(argc, 1), argv + argc);
  try {
    root->parse(argc, argv);
  } catch (const CLI::Success& asked) {
    return {std::nullopt, root->exit(asked)};
  } catch (const CLI::ParseError& error) {
    return {std::nullopt, explain(*root, words, error)};
  }
  options.verb = root->get_subcommands().front()->get_name();
  if (options.verb != "help") return {options, kExitOk};
  return help_for(options.help_for);
}

namespace {

struct Completed {
  std::string path;  // "config set", empty for the program itself
  std::vector<std::string> words;
};

void collect(const CLI::App& app, const std::string& path, std::vector<Completed>& all) {
  Completed one{path, words_of(app)};
  if (path == "completion") one.words.insert(one.words.begin(), kShells.begin(), kShells.end());
  if (path == "config get" || path == "config set")
    for (const auto& row : config::builtin_fields())
      if (!row.path.contains('*')) one.words.emplace_back(row.path);
  all.push_back(std::move(one));
  for (const auto* child : children_of(app))
    collect(*child, path.empty() ? child->get_name() : path + " " + child->get_name(), all);
}

// bash and zsh share the cases: the words that may follow the commands given so far.
std::string cases_of(const std::vector<Completed>& all) {
  std::string cases;
  for (const auto& one : all)
    cases += fmt::format("    \"{}\") words=\"{}\" ;;\n", one.path, joined(one.words));
  return cases;
}

std::string fish_script(const CLI::App& root, const std::vector<Completed>& all) {
  std::string out = "complete -c carapace -f\n";
  for (const auto* verb : children_of(root))
    out += fmt::format("complete -c carapace -n __fish_use_subcommand -a {} -d '{}'\n",
                       verb->get_name(), verb->get_description());
  for (const auto& one : all) {
    if (one.path.empty()) continue;
    std::string when;
    std::string_view rest = one.path;
    while (!rest.empty()) {
      const auto end = std::min(rest.find(' '), rest.size());
      when += fmt::format("{}__fish_seen_subcommand_from {}", when.empty() ? "" : "; and ",
                          rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    for (const auto& word : one.words) {
      const bool flag = word.starts_with("--");
      const bool path = word == "--config" || word == "--state-dir";
      out += fmt::format("complete -c carapace -n '{}' {} {}{}\n", when, flag ? "-l" : "-a",
                         flag ? word.substr(2) : word, path ? " -r -F" : "");
    }
  }
  return out;
}

constexpr const char* kBash = R"sh(_carapace() {{
  local words path="" word i current="${{COMP_WORDS[COMP_CWORD]}}"
  case "${{COMP_WORDS[COMP_CWORD-1]}}" in
    --config) COMPREPLY=($(compgen -f -- "$current")); return ;;
    --state-dir) COMPREPLY=($(compgen -d -- "$current")); return ;;
    --bind) COMPREPLY=($(compgen -W "loopback auto lan" -- "$current")); return ;;
  esac
  for ((i = 1; i < COMP_CWORD && i < 3; i++)); do
    word="${{COMP_WORDS[i]}}"
    case "$word" in -*) break ;; esac
    [ "$i" = 1 ] || [ "$path" = config ] || break
    path="${{path:+$path }}$word"
  done
  case "$path" in
{}    *) words="" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}}
complete -F _carapace carapace
)sh";

constexpr const char* kZsh = R"sh(#compdef carapace
_carapace() {{
  local way="" word i
  case "${{words[CURRENT-1]}}" in
    --config) _files; return ;;
    --state-dir) _files -/; return ;;
    --bind) compadd loopback auto lan; return ;;
  esac
  for ((i = 2; i < CURRENT && i < 4; i++)); do
    word="${{words[i]}}"
    case "$word" in -*) break ;; esac
    [ "$i" = 2 ] || [ "$way" = config ] || break
    way="${{way:+$way }}$word"
  done
  _carapace_words "$way"
  compadd -- ${{=REPLY}}
}}
_carapace_words() {{
  local words
  case "$1" in
{}    *) words="" ;;
  esac
  REPLY="$words"
}}
if [ "$funcstack[1]" = _carapace ]; then
  _carapace "$@"
else
  (( $+functions[compdef] )) || {{ autoload -Uz compinit && compinit; }}
  compdef _carapace carapace
fi
)sh";

}  // namespace

std::string completion_script(const std::string& shell) {
  Options unused;
  const auto root = describe(unused);
  std::vector<Completed> all;
  collect(*root, "", all);
  if (shell == "fish") return fish_script(*root, all);
  if (shell == "zsh") return fmt::format(fmt::runtime(kZsh), cases_of(all));
  return shell == "bash" ? fmt::format(fmt::runtime(kBash), cases_of(all)) : std::string();
}

}  // namespace carapace::app
