#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <map>
#include <set>

#include "app/command_line.h"
#include "app/command_words.h"
#include "app/start/fields.h"
#include "base/text.h"

namespace carapace::app {
namespace {

// What --bind takes besides addresses.
constexpr std::string_view kBindModes = "loopback auto lan";

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const auto& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

// What may stand behind the commands given so far.
struct Completed {
  std::string path;  // "config set", empty for the program itself
  std::vector<std::string> words;
  bool keys = false;    // a key of the configuration comes first
  bool values = false;  // and then its value
  bool files = false;   // names of files too
  bool group = false;   // further commands follow
};

bool takes(const CLI::App& app, const std::string& argument) {
  return std::ranges::any_of(app.get_options(), [&](const CLI::Option* option) {
    return option->get_positional() && option->get_name(true) == argument;
  });
}

void collect(const CLI::App& app, const std::string& path, std::vector<Completed>& all) {
  const bool keys = takes(app, "key");
  Completed one{.path = path,
                .words = words_of(app),
                .keys = keys,
                .values = keys && takes(app, "value"),
                .files = takes(app, "file") || takes(app, "path"),
                .group = !path.empty() && !children_of(app).empty()};
  const auto& shells = completed_shells();
  if (path == "completion") one.words.insert(one.words.begin(), shells.begin(), shells.end());
  if (path == "config diff") one.words.emplace_back("file");
  all.push_back(std::move(one));
  for (const auto* child : children_of(app))
    collect(*child, path.empty() ? child->get_name() : path + " " + child->get_name(), all);
}

// The options that take the next word: what stands there is neither a command nor a key.
void collect_valued(const CLI::App& app, std::set<std::string>& names) {
  for (const auto* option : app.get_options()) {
    if (option->get_positional() || option->get_items_expected_max() == 0) continue;
    for (const auto& name : option->get_lnames()) names.insert("--" + name);
    for (const auto& name : option->get_snames()) names.insert("-" + name);
  }
  for (const auto* child : children_of(app)) collect_valued(*child, names);
}

std::string known_keys() {
  std::string keys;
  for (const auto& row : schema().rows())
    if (!row.path.contains('*')) keys += fmt::format("{}{}", keys.empty() ? "" : " ", row.path);
  return keys;
}

// The values of keys that have only a few, and the keys of each: "off hot" → patterns.
std::map<std::string, std::vector<std::string>> keys_by_values() {
  std::map<std::string, std::vector<std::string>> out;
  for (const auto& row : schema().rows()) {
    std::vector<std::string> values;
    for (const auto value : split(row.one_of, '|'))
      if (!value.empty() && value.find_first_of(" $`\"'\\;&") == std::string_view::npos)
        values.emplace_back(value);
    if (row.type == FieldType::boolean || row.also == FieldType::boolean) {
      values.emplace_back("true");
      values.emplace_back("false");
    }
    if (!values.empty()) out[joined(values)].emplace_back(row.path);
  }
  return out;
}

// bash and zsh share the cases: the words that may follow the commands given so far.
std::string cases_of(const std::vector<Completed>& all) {
  std::string cases;
  for (const auto& one : all)
    cases += fmt::format("    \"{}\") words=\"{}{}\"{} ;;\n", one.path,
                         one.values ? "$keys $values "
                         : one.keys ? "$keys "
                                    : "",
                         joined(one.words), one.files ? "; files=1" : "");
  return cases;
}

std::string value_cases() {
  std::string cases;
  for (const auto& [values, keys] : keys_by_values()) {
    cases += "    ";
    for (std::size_t i = 0; i < keys.size(); ++i) cases += (i == 0 ? "" : "|") + keys[i];
    cases += fmt::format(") values=\"{}\" ;;\n", values);
  }
  return cases;
}

// The commands behind which another command stands: `config|credentials`.
std::string groups_of(const std::vector<Completed>& all) {
  std::string groups;
  for (const auto& one : all)
    if (one.group) groups += (groups.empty() ? "" : "|") + one.path;
  return groups;
}

std::string joined_with(const std::set<std::string>& names, char between) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : std::string(1, between)) + name;
  return out;
}

// One line of fish for a word behind the commands of `one`.
std::string fish_word(const Completed& one, const std::string& word,
                      const std::set<std::string>& valued) {
  if (!word.starts_with("--"))
    return fmt::format("complete -c carapace -n '__carapace_at {} 0' -a {}\n", one.path, word);
  std::string takes;
  if (word == "--config" || word == "--state-dir") {
    takes = " -r -F";
  } else if (word == "--bind") {
    takes = fmt::format(" -x -a '{}'", kBindModes);
  } else if (valued.contains(word)) {
    takes = " -x";
  }
  return fmt::format("complete -c carapace -n '__carapace_at {} any' -l {}{}\n", one.path,
                     word.substr(2), takes);
}

std::string fish_values() {
  std::string out = "function __carapace_values\n  switch (__carapace_key)\n";
  for (const auto& [values, keys] : keys_by_values()) {
    out += "    case";
    for (const auto& key : keys) out += fmt::format(" '{}'", key);
    out += fmt::format("\n      string split ' ' '{}'\n", values);
  }
  return out + "  end\nend\n";
}

constexpr const char* kFish = R"sh(function __carapace_words
  set -l skip 0
  for word in (commandline -opc)[2..-1]
    if test $skip = 1
      set skip 0
      continue
    end
    switch $word
      case {valued}
        set skip 1
      case '-*'
      case help
      case '*'
        echo -- $word
    end
  end
end
function __carapace_at
  set -l way $argv[1..-2]
  set -l words (__carapace_words)
  test (count $words) -ge (count $way); or return 1
  for i in (seq (count $way))
    test $words[$i] = $way[$i]; or return 1
  end
  test $argv[-1] = any; or test (math (count $words) - (count $way)) = $argv[-1]
end
function __carapace_key
  set -l words (__carapace_words)
  string replace -a ']' '' -- (string replace -a '[' '.' -- $words[3])
end
function __carapace_keys
  string split ' ' '{keys}'
end
{values}complete -c carapace -f
)sh";

std::string fish_script(const CLI::App& root, const std::vector<Completed>& all,
                        const std::set<std::string>& valued) {
  auto out = fmt::format(fmt::runtime(kFish), fmt::arg("valued", joined_with(valued, ' ')),
                         fmt::arg("keys", known_keys()), fmt::arg("values", fish_values()));
  for (const auto* verb : children_of(root))
    out +=
        fmt::format("complete -c carapace -n 'test (count (__carapace_words)) = 0' -a {} -d '{}'\n",
                    verb->get_name(), verb->get_description());
  for (const auto& one : all) {
    if (one.path.empty()) continue;
    const auto line = [&out, &one](int behind, std::string_view what) {
      out +=
          fmt::format("complete -c carapace -n '__carapace_at {} {}' {}\n", one.path, behind, what);
    };
    if (one.keys) line(0, "-a '(__carapace_keys)'");
    if (one.values) line(1, "-a '(__carapace_values)'");
    if (one.files) line(0, "-F");
    for (const auto& word : one.words) out += fish_word(one, word, valued);
  }
  return out;
}

constexpr const char* kBash = R"sh(_carapace() {{
  local words path="" word i files="" values="" current="${{COMP_WORDS[COMP_CWORD]}}" key=""
  local keys="{keys}"
  case "${{COMP_WORDS[COMP_CWORD-1]}}" in
    --config) COMPREPLY=($(compgen -f -- "$current")); return ;;
    --state-dir) COMPREPLY=($(compgen -d -- "$current")); return ;;
    --bind) COMPREPLY=($(compgen -W "{binds}" -- "$current")); return ;;
    {valued}) COMPREPLY=(); return ;;
  esac
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="${{COMP_WORDS[i]}}"
    case "$word" in {valued}) ((i++)); continue ;; -*|help) continue ;; esac
    case "$path" in
      "") path="$word" ;;
      {groups}) path="$path $word" ;;
      *) key="${{key:-$word}}" ;;
    esac
  done
  if [ -n "$key" ]; then
    keys=""
    key="${{key//\[/.}}"
    _carapace_values "${{key//\]/}}"
  fi
  case "$path" in
{cases}    *) words="" ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  [ -z "$files" ] || COMPREPLY+=($(compgen -f -- "$current"))
}}
_carapace_values() {{
  case "$1" in
{values}  esac
}}
complete -F _carapace carapace
)sh";

constexpr const char* kZsh = R"sh(#compdef carapace
_carapace() {{
  local way="" word i files="" key=""
  case "${{words[CURRENT-1]}}" in
    --config) _files; return ;;
    --state-dir) _files -/; return ;;
    --bind) compadd {binds}; return ;;
    {valued}) return ;;
  esac
  for ((i = 2; i < CURRENT; i++)); do
    word="${{words[i]}}"
    case "$word" in {valued}) ((i++)); continue ;; -*|help) continue ;; esac
    case "$way" in
      "") way="$word" ;;
      {groups}) way="$way $word" ;;
      *) key="${{key:-$word}}" ;;
    esac
  done
  _carapace_words "$way" "$key"
  compadd -- ${{=REPLY}}
  [[ -z "$files" ]] || _files
}}
_carapace_words() {{
  local words values="" key="$2"
  local keys="{keys}"
  if [ -n "$key" ]; then
    keys=""
    key="${{key//\[/.}}"
    _carapace_values "${{key//\]/}}"
  fi
  case "$1" in
{cases}    *) words="" ;;
  esac
  REPLY="$words"
}}
_carapace_values() {{
  case "$1" in
{values}  esac
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
  std::set<std::string> valued;
  collect_valued(*root, valued);
  if (shell == "fish") return fish_script(*root, all, valued);
  if (shell != "zsh" && shell != "bash") return {};
  return fmt::format(fmt::runtime(shell == "zsh" ? kZsh : kBash), fmt::arg("keys", known_keys()),
                     fmt::arg("binds", kBindModes), fmt::arg("groups", groups_of(all)),
                     fmt::arg("cases", cases_of(all)), fmt::arg("valued", joined_with(valued, '|')),
                     fmt::arg("values", value_cases()));
}

}  // namespace carapace::app
