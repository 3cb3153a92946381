#include "app/command_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "app/command_words.h"
#include "app/terminal/output.h"
#include "config/text/near_name.h"

namespace carapace::app {
namespace {

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
  print_error(fmt::format("{}{} See: {} --help", what, what.ends_with('?') ? "" : ".", command));
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
    const auto extras = root.remaining(true);
    const bool behind = std::ranges::find(extras, "--") != extras.end();
    for (const auto& extra : extras) {
      if (behind || !extra.starts_with('-')) continue;
      const auto near = near_word(extra, words_of(*at.command));
      const bool value = near.empty() && at.command->get_option_no_throw("value") != nullptr;
      return usage_error(fmt::format("there is no option {}{}{}", extra, near,
                                     value ? "; a value that begins with - stands behind --" : ""),
                         at.path);
    }
    for (const auto& extra : extras)
      if (extra.starts_with('-') && extra != "--")
        return usage_error(fmt::format("options stand before --, and {} behind it", extra),
                           at.path);
    for (const auto& extra : extras)
      if (extra != "--")
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
  const auto root = describe_commands(unused);
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
  const auto root = describe_commands(options);
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

}  // namespace carapace::app
