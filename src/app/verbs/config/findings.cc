#include "app/verbs/config/findings.h"

#include <fmt/format.h>

#include "app/terminal/output.h"
#include "base/json.h"
#include "config/edit.h"

namespace carapace::app {
namespace {

// The place that an issue names: the reader's own for a file that cannot be read.
config::Source source_of(const config::Issue& issue, const config::Document& document) {
  if (document.problem) return document.problem->at;
  const auto path = config::parse_key_path(issue.path);
  return document.source(path ? *path : config::KeyPath());
}

std::string_view name_of(config::Severity severity) {
  return severity == config::Severity::error ? "error" : "warning";
}

}  // namespace

const json::value* value_at(const json::value& tree, const config::KeyPath& path) {
  const auto* value = config::find_in_tree(tree, path);
  return value == nullptr || value->is_null() ? nullptr : value;
}

std::string line_of(const config::Issue& issue, const config::Document& document) {
  const auto source = source_of(issue, document);
  return source.file.empty() ? config::to_text(issue)
                             : fmt::format("{}: {}", to_text(source), config::to_text(issue));
}

json::object json_of(const config::Issue& issue, const config::Document& document) {
  const auto source = source_of(issue, document);
  json::object out{{"severity", name_of(issue.severity)},
                   {"path", issue.path},
                   {"message", issue.message},
                   {"file", source.file.empty() ? document.file : source.file}};
  if (source.line > 0) {
    out["line"] = source.line;
    out["column"] = source.column;
  }
  return out;
}

void print_issues(const config::Inspection& found) {
  for (const auto& issue : found.issues)
    print_error(fmt::format("{}: {}", name_of(issue.severity), line_of(issue, found.document)));
}

void advise(const config::Inspection& found) {
  if (found.document.problem)
    print_error(
        "carapace config edit opens the file; carapace config rollback brings the one before back");
}

config::Inspection inspect_text(const std::string& text, const std::string& file,
                                const config::Schema& schema,
                                const config::Environment& environment) {
  const auto reader = [&](const std::string& path) -> Result<std::string> {
    return path == file ? Result<std::string>(text) : config::read_from_disk(path);
  };
  return config::inspect(file, schema, environment, reader);
}

}  // namespace carapace::app
