#include "config/read/shell_env.h"

#include <algorithm>
#include <charconv>

#include "base/json.h"
#include "base/text.h"
#include "config/text/substitute.h"
#include "process/run.h"

namespace carapace::config {
namespace {

using std::string_view;

constexpr std::int64_t kDefaultMs = 15'000;
constexpr std::int64_t kMostMs = 120'000;
constexpr std::size_t kMostOutput = 1UL << 20U;
// The first mark parts what start-up files print from what is asked for.
constexpr auto kCommand = R"(printf '\0'; env -0)";

const json::object* settings_of(const json::value& tree) {
  const auto* root = tree.if_object();
  const auto* env = root == nullptr ? nullptr : find_object(*root, "env");
  return env == nullptr ? nullptr : find_object(*env, "shellEnv");
}

bool enabled(const Environment& process, const json::object* settings) {
  const auto said = process.named("LOAD_SHELL_ENV").value_or("");
  if (iequals(said, "1") || iequals(said, "true") || iequals(said, "yes") || iequals(said, "on"))
    return true;
  return settings != nullptr && find_bool(*settings, "enabled").value_or(false);
}

std::chrono::milliseconds deadline(const Environment& process, const json::object* settings) {
  std::int64_t wanted = 0;
  const auto said = process.named("SHELL_ENV_TIMEOUT_MS").value_or("");
  std::from_chars(said.data(), said.data() + said.size(), wanted);
  if (wanted <= 0 && settings != nullptr) wanted = find_int(*settings, "timeoutMs").value_or(0);
  return std::chrono::milliseconds(wanted <= 0 ? kDefaultMs : std::min(wanted, kMostMs));
}

// Names that the configuration refers to.
void add_referred(const json::value& tree, std::vector<std::string>& names) {
  auto copy = tree;
  substitute(copy, [&names](string_view name) -> std::optional<std::string> {
    names.emplace_back(name);
    return "known";  // so that the other references of the text are seen too
  });
}

}  // namespace

Result<ShellEnv> with_login_shell(const Environment& process, const json::value& tree,
                                  std::vector<std::string> expected) {
  ShellEnv out{.environment = process, .taken = {}};
  const auto* settings = settings_of(tree);
  if (!enabled(process, settings)) return out;
  add_referred(tree, expected);
  std::erase_if(expected, [&](const std::string& name) { return process.get(name).has_value(); });
  if (expected.empty()) return out;

  const auto shell = process.get("SHELL").value_or("");
  process::RunRequest request{
      .argv = {shell.starts_with('/') ? shell : "/bin/sh", "-l", "-c", kCommand},
      .folder = process.get("HOME").value_or("/"),
      .max_output_bytes = kMostOutput,
      .deadline = deadline(process, settings)};
  for (const auto& [name, value] : process.all())
    request.environment.push_back(fmt::format("{}={}", name, value));
  const auto done = process::run(request);
  if (!done)
    return fail(done.error().code, "the login shell gave no variables: {}", done.error().detail);
  if (done->exit_code != 0)
    return fail(Errc::unavailable, "the login shell gave no variables: {} ended with {}",
                request.argv.front(), done->exit_code);

  auto values = process.all();
  for (const auto entry : split(done->output, '\0')) {
    const auto equals = entry.find('=');
    if (equals == string_view::npos || equals + 1 == entry.size()) continue;
    const std::string name(entry.substr(0, equals));
    if (std::ranges::find(expected, name) == expected.end()) continue;
    values.insert_or_assign(name, std::string(entry.substr(equals + 1)));
    out.taken.push_back(name);
  }
  out.environment = Environment(std::move(values));
  return out;
}

}  // namespace carapace::config
