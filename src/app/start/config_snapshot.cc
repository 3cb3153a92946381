#include "app/start/config_snapshot.h"

#include <algorithm>

#include "base/json.h"
#include "config/defaults.h"
#include "config/edit.h"
#include "config/key_path.h"
#include "config/write/stamp.h"

namespace carapace::app {

using config::Issue;
using config::Severity;

config::Redaction redaction_of(const config::Inspection& found, const config::Schema& schema) {
  std::vector<const json::value*> trees{&found.document.tree()};
  if (found.config) trees.push_back(&found.config->tree());
  return {schema, trees};
}

std::string issues_json(std::span<const Issue> issues, const config::Redaction& redaction) {
  json::array out;
  for (const auto& issue : config::wire_issues(issues))
    out.push_back(
        json::object{{"path", issue.path}, {"message", redaction.masked_sentence(issue.message)}});
  return dump_json(json::value(std::move(out)));
}

json::value shown_config(const config::Inspection& found, const config::Schema& schema) {
  return redaction_of(found, schema).masked(config::with_defaults(found.document.tree(), schema));
}

std::string snapshot_json(const config::Inspection& found, const config::Schema& schema,
                          std::string_view version) {
  const auto& document = found.document;
  const auto redaction = redaction_of(found, schema);
  const auto of_severity = [&found](Severity severity) {
    std::vector<Issue> out;
    std::ranges::copy_if(found.issues, std::back_inserter(out),
                         [severity](const Issue& issue) { return issue.severity == severity; });
    return out;
  };
  auto warnings = of_severity(Severity::warning);
  if (auto newer = config::newer_version_warning(document.tree(), version))
    warnings.push_back({.severity = Severity::warning,
                        .path = "meta.lastTouchedVersion",
                        .message = *newer,
                        .wire_path = "meta.lastTouchedVersion",
                        .wire = *newer});
  const auto raw = document.exists ? redaction.masked_text(document.text) : std::nullopt;
  const auto parsed = redaction.masked(document.tree());
  const json::object out{
      {"path", document.file},
      {"exists", document.exists},
      {"raw", raw ? json::value(*raw) : json::value()},
      {"parsed", parsed},
      {"valid", found.valid()},
      {"config", shown_config(found, schema)},
      {"hash", document.hash()},
      {"issues", parse_json(issues_json(of_severity(Severity::error), redaction)).value()},
      {"warnings", parse_json(issues_json(warnings, redaction)).value()},
      {"legacyIssues", parse_json(issues_json(found.legacy, redaction)).value()},
  };
  return dump_json(out);
}

Result<std::string> value_json(const config::Inspection& found, const config::Schema& schema,
                               std::string_view key) {
  TRY(const auto path, config::parse_key_path(key));
  const auto shown = shown_config(found, schema);
  const auto* value = config::find_in_tree(shown, path);
  auto fallback = schema.fallback(path);
  if (value == nullptr && fallback.is_null() && !schema.known(path)) {
    const auto near = schema.suggestion(path);
    return fail(Errc::not_found, "there is no key {}{}", key,
                near ? fmt::format("; did you mean {}?", *near) : "");
  }
  return dump_json(
      json::object{{"key", key}, {"value", value == nullptr ? std::move(fallback) : *value}});
}

}  // namespace carapace::app
