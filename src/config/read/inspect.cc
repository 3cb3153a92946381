// From a document to the configuration in force: today's spellings, references, rules of the rows.
#include <algorithm>

#include "base/json.h"
#include "config/config.h"
#include "config/read/state.h"
#include "config/text/substitute.h"

namespace carapace::config {
namespace {

using std::string_view;

constexpr std::size_t kMaxReported = 10;
constexpr string_view kMend = "\nMend the file, or move it away to start with defaults.";

Source source_of(const Document& document, const Issue& issue) {
  const auto parts = parse_key_path(issue.path);
  return document.source(parts ? *parts : KeyPath());
}

Error all_errors(const Document& document, const std::vector<Issue>& issues) {
  std::string detail = fmt::format("{} is not valid:", document.file);
  std::size_t errors = 0;
  for (const auto& issue : issues) {
    if (issue.severity != Severity::error || ++errors > kMaxReported) continue;
    detail += fmt::format("\n  {}: {}", to_text(source_of(document, issue)), to_text(issue));
  }
  if (errors > kMaxReported) detail += fmt::format("\n  and {} more", errors - kMaxReported);
  return {Errc::invalid_request, detail + std::string(kMend), -1};
}

bool is_error(const Issue& issue) { return issue.severity == Severity::error; }

}  // namespace

Inspection inspect(const std::string& file, const Schema& schema, const Environment& environment,
                   const ReadText& reader) {
  Inspection out{.document = read_document(file, read_rules(environment), reader)};
  if (const auto& problem = out.document.problem) {
    out.issues.push_back({Severity::error, problem->path, problem->what});
    out.error = to_error(*problem);
    out.error->detail += kMend;
    return out;
  }
  auto state = std::make_unique<Config::State>();
  state->schema = &schema;
  state->environment = environment;
  state->document = out.document;
  state->tree = out.document.tree();
  accept_short_forms(state->tree);
  const auto lookup = [&environment](string_view name) { return environment.get(name); };
  if (auto status = substitute(state->tree, lookup); !status) {
    out.issues.push_back({Severity::error, "", status.error().detail});
    out.error = all_errors(out.document, out.issues);
    return out;
  }
  out.issues = schema.validate(state->tree);
  if (std::ranges::any_of(out.issues, is_error)) {
    out.error = all_errors(out.document, out.issues);
    return out;
  }
  state->warnings = out.issues;
  out.config = Config(std::move(state));
  return out;
}

Result<Config> Config::load(const std::string& file, const Schema& schema,
                            const Environment& environment) {
  auto inspection = inspect(file, schema, environment);
  if (!inspection.config) return std::unexpected(std::move(*inspection.error));
  return std::move(*inspection.config);
}

Result<Config> Config::from_text(string_view text, const std::string& file, const Schema& schema,
                                 const Environment& environment) {
  const auto reader = [&](const std::string& path) -> Result<std::string> {
    return path == file ? std::string(text) : read_from_disk(path);
  };
  auto inspection = inspect(file, schema, environment, reader);
  if (!inspection.config) return std::unexpected(std::move(*inspection.error));
  return std::move(*inspection.config);
}

}  // namespace carapace::config
