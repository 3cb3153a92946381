#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "app/command_line.h"
#include "app/command_words.h"
#include "app/start/fields.h"

namespace carapace::app {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

// What may stand behind the commands given so far.
struct Completed {
  std::string path;  // "config set", empty for the program itself
  std::vector<std::string> words;
  bool keys = false;   // the keys of the configuration too
  bool files = false;  // names of files too
  bool group = false;  // further commands follow
};

bool takes(const CLI::App& app, const std::string& argument) {
  return std::ranges::any_of(app.get_options(), [&](const CLI::Option* option) {
    return option->get_positional() && option->get_name(true) == argument;
  });
}

void collect(const CLI::App& app, const std::string& path, std::vector<Completed>& all) {
  Completed one{path, words_of(app), takes(app, "key"), takes(app, "file") || takes(app, "path"),
                !path.empty() && !children_of(app).empty()};
  const auto& shells = completed_shells();
  if (path == "completion") one.words.insert(one.words.begin(), shells.begin(), shells.end());
  if (path == "config diff") one.words.emplace_back("file");
  all.push_back(std::move(one));
  for (const auto* child : children_of(app))
    collect(*child, path.empty() ? child->get_name() : path + " " + child->get_name(), all);
}

std::string known_keys() {
  std::string keys;
  for (const auto& row : schema().rows())
    if (!row.path.contains('*')) keys += fmt::format("{}{}", keys.empty() ? "" : " ", row.path);
  return keys;
}

// bash and zsh share the cases: the words that may follow the commands given so far.
std::string cases_of(const std::vector<Completed>& all) {
  std::string cases;
  for (const auto& one : all)
    cases += fmt::format("    \"{}\") words=\"{}{}\"{} ;;\n", one.path, one.keys ? "$keys " : "",
                         joined(one.words), one.files ? "; files=1" : "");
  return cases;
}

// The commands behind which another command stands: `config|credentials`.
std::string groups_of(const std::vector<Completed>& all) {
  std::string groups;
  for (const auto& one : all)
    if (one.group) groups += (groups.empty() ? "" : "|") + one.path;
  return groups;
}

std::string fish_condition(std::string_view path) {
  std::string when;
  while (!path.empty()) {
    const auto end = std::min(path.find(' '), path.size());
    when += fmt::format("{}__fish_seen_subcommand_from {}", when.empty() ? "" : "; and ",
                        path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return when;
}

std::string fish_script(const CLI::App& root, const std::vector<Completed>& all) {
  std::string out =
      fmt::format("function __carapace_keys\n  string split ' ' '{}'\nend\n", known_keys());
  out += "complete -c carapace -f\n";
  for (const auto* verb : children_of(root))
    out += fmt::format("complete -c carapace -n __fish_use_subcommand -a {} -d '{}'\n",
                       verb->get_name(), verb->get_description());
  for (const auto& one : all) {
    if (one.path.empty()) continue;
    const auto when = fish_condition(one.path);
    if (one.keys) out += fmt::format("complete -c carapace -n '{}' -a '(__carapace_keys)'\n", when);
    if (one.files) out += fmt::format("complete -c carapace -n '{}' -F\n", when);
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
  local words path="" word i files="" current="${{COMP_WORDS[COMP_CWORD]}}"
  local keys="{keys}"
  case "${{COMP_WORDS[COMP_CWORD-1]}}" in
    --config) COMPREPLY=($(compgen -f -- "$current")); return ;;
    --state-dir) COMPREPLY=($(compgen -d -- "$current")); return ;;
    --bind) COMPREPLY=($(compgen -W "loopback auto lan" -- "$current")); return ;;
  esac
  for ((i = 1; i < COMP_CWORD && i < 3; i++)); do
    word="${{COMP_WORDS[i]}}"
    case "$word" in -*) break ;; esac
    if [ "$i" != 1 ]; then
      case "$path" in {groups}) ;; *) break ;; esac
    fi
    path="${{path:+$path }}$word"
  done
  case "$path" in
{cases}    *) words="" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [ -z "$files" ] || COMPREPLY+=($(compgen -f -- "$current"))
}}
complete -F _carapace carapace
)sh";

constexpr const char* kZsh = R"sh(#compdef carapace
_carapace() {{
  local way="" word i files=""
  case "${{words[CURRENT-1]}}" in
    --config) _files; return ;;
    --state-dir) _files -/; return ;;
    --bind) compadd loopback auto lan; return ;;
  esac
  for ((i = 2; i < CURRENT && i < 4; i++)); do
    word="${{words[i]}}"
    case "$word" in -*) break ;; esac
    if [ "$i" != 2 ]; then
      case "$way" in {groups}) ;; *) break ;; esac
    fi
    way="${{way:+$way }}$word"
  done
  _carapace_words "$way"
  compadd -- ${{=REPLY}}
  [[ -z "$files" ]] || _files
}}
_carapace_words() {{
  local words
  local keys="{keys}"
  case "$1" in
{cases}    *) words="" ;;
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
  const auto root = describe_commands(unused);
  std::vector<Completed> all;
  collect(*root, "", all);
  if (shell == "fish") return fish_script(*root, all);
  if (shell != "zsh" && shell != "bash") return {};
  return fmt::format(fmt::runtime(shell == "zsh" ? kZsh : kBash), fmt::arg("keys", known_keys()),
                     fmt::arg("groups", groups_of(all)), fmt::arg("cases", cases_of(all)));
}

}  // namespace carapace::app
