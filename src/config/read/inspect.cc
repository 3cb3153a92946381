// From a document to the configuration in force: today's spellings, variables, paths, the rules of
// the rows.
#include <algorithm>

#include "base/json.h"
#include "config/config.h"
#include "config/read/content.h"
#include "config/read/env_section.h"
#include "config/read/home_paths.h"
#include "config/read/state.h"
#include "config/text/substitute.h"

namespace carapace::config {
namespace {

using std::string_view;

constexpr std::size_t kMaxReported = 10;
// Of a kind. More are of a file that is none of ours, and each costs a look through the whole text
// for its line.
constexpr std::size_t kMostTold = 200;
constexpr string_view kMend = "\nMend the file, or move it away to start with defaults.";

bool is_error(const Issue& issue) { return issue.severity == Severity::error; }

// The first ones of each kind, and how many more there are.
void shorten(std::vector<Issue>& issues) {
  if (issues.size() <= kMostTold) return;
  std::size_t errors = 0;
  std::size_t warnings = 0;
  std::erase_if(issues, [&](const Issue& issue) {
    return ++(is_error(issue) ? errors : warnings) > kMostTold;
  });
  const auto tell = [&](std::size_t count, Severity severity, string_view what) {
    if (count > kMostTold)
      issues.push_back({severity, "", fmt::format("and {} more {}.", count - kMostTold, what)});
  };
  tell(errors, Severity::error, "errors");
  tell(warnings, Severity::warning, "warnings");
}

// A secret that opens a way out (to a provider, a channel) may be missing: its user fails, and says
// so. One that guards a way in may not: without it the gateway would be open, or closed to its
// owner.
bool may_be_missing(const KeyPath& path, const Schema& schema) {
  return schema.is_secret(path) && path.front() != "gateway" && path.front() != "hooks";
}

json::value* find(json::value& tree, const KeyPath& path) {
  auto* at = &tree;
  for (const auto& part : path) {
    if (auto* object = at->if_object())
      at = object->if_contains(part);
    else
      at = &at->as_array().at(std::stoul(part));
    if (at == nullptr) return nullptr;
  }
  return at;
}

}  // namespace

class Inspector {
 public:
  Inspector(const Schema& schema, const Environment& process)
      : schema_(schema), process_(process) {}

  Inspection run(Document&& document) {
    out_.document = std::move(document);
    out_.issues = out_.document.warnings;
    if (const auto& problem = out_.document.problem) {
      out_.issues.push_back({Severity::error, problem->path, problem->what});
      out_.error = to_error(*problem);
      out_.error->detail += kMend;
      return std::move(out_);
    }
    state_->schema = &schema_;
    state_->tree = to_json(out_.document.content->root);
    use_todays_spellings();
    use_variables();
    expand_home_paths(state_->tree, state_->environment);
    auto issues = schema_.validate(state_->tree);
    unusable_ = unusable_ || std::ranges::any_of(issues, is_error);
    out_.issues.insert(out_.issues.end(), std::make_move_iterator(issues.begin()),
                       std::make_move_iterator(issues.end()));
    finish();
    return std::move(out_);
  }

 private:
  void use_todays_spellings() {
    accept_short_forms(state_->tree);
    out_.document.moved = apply_moves(state_->tree, schema_.moves());
    for (const auto& moved : out_.document.moved)
      out_.legacy.push_back({Severity::warning, to_text(moved.from), sentence(moved)});
    shorten(out_.legacy);
  }

  void use_variables() {
    auto section = read_env_section(state_->tree, process_);
    state_->environment = std::move(section.environment);
    unusable_ = std::ranges::any_of(section.refused, is_error);
    for (auto* issues : {&section.refused, &section.unfilled})
      out_.issues.insert(out_.issues.end(), issues->begin(), issues->end());

    // The section has been filled in; its texts are not looked at again.
    auto* env = state_->tree.is_object() ? state_->tree.get_object().if_contains("env") : nullptr;
    json::value aside;
    if (env != nullptr) env->swap(aside);
    const auto unfilled = substitute(
        state_->tree, [this](string_view name) { return state_->environment.get(name); });
    if (env != nullptr) env->swap(aside);
    for (const auto& one : unfilled) tell(one);
  }

  void tell(const Unfilled& one) {
    const bool secret = schema_.is_secret(one.path);
    if (one.too_long) {
      unusable_ = true;
      out_.issues.push_back({Severity::error, to_text(one.path),
                             fmt::format("with its variables filled in the configuration is longer "
                                         "than {} bytes.",
                                         kMaxFilledBytes)});
      return;
    }
    if (one.name.empty() && !secret) return;  // `${` in prose
    const bool tolerable = may_be_missing(one.path, schema_);
    if (tolerable)
      *find(state_->tree, one.path) = nullptr;
    else
      unusable_ = true;
    out_.issues.push_back(
        {Severity::error, to_text(one.path),
         one.name.empty()
             ? "holds a ${ that no } closes. Close it; a secret that really holds these two "
               "characters comes from a variable."
             : fmt::format(
                   "wants the environment variable {}, which is not set. Set it where the "
                   "gateway starts or under env.vars, or write $${{{}}} for the text itself.",
                   one.name, one.name)});
  }

  void finish() {
    shorten(out_.issues);
    const auto errors = std::ranges::count_if(out_.issues, is_error);
    if (errors > 0) out_.error = all_errors();
    if (unusable_) return;
    state_->document = out_.document;
    state_->warnings = out_.issues;
    state_->legacy = out_.legacy;
    out_.config = Config(std::move(state_));
  }

  Error all_errors() const {
    std::string detail = fmt::format("{} is not valid:", out_.document.file);
    std::size_t errors = 0;
    for (const auto& issue : out_.issues) {
      if (!is_error(issue) || ++errors > kMaxReported) continue;
      detail += fmt::format("\n  {}: {}", to_text(place_of(issue)), to_text(issue));
    }
    if (errors > kMaxReported) detail += fmt::format("\n  and {} more", errors - kMaxReported);
    return {Errc::invalid_request, detail + std::string(kMend), -1};
  }

  Source place_of(const Issue& issue) const {
    return out_.document.source(parse_key_path(issue.path).value_or(KeyPath()));
  }

  const Schema& schema_;
  const Environment& process_;
  Inspection out_{.document = {}};
  std::unique_ptr<Config::State> state_ = std::make_unique<Config::State>();
  bool unusable_ = false;
};

namespace {

Result<Config> usable(Inspection&& inspection) {
  if (!inspection.config) return std::unexpected(std::move(*inspection.error));
  return std::move(*inspection.config);
}

}  // namespace

Inspection inspect(const std::string& file, const Schema& schema, const Environment& environment,
                   const ReadText& reader) {
  return Inspector(schema, environment).run(read_document(file, read_rules(environment), reader));
}

Inspection inspect_kept(const std::string& file, const Schema& schema,
                        const Environment& environment, const ReadText& kept) {
  auto rules = read_rules(environment);
  rules.kept = true;
  return Inspector(schema, environment).run(read_document(file, rules, kept));
}

Result<Config> Config::load(const std::string& file, const Schema& schema,
                            const Environment& environment) {
  return usable(inspect(file, schema, environment));
}

Result<Config> Config::from_text(string_view text, const std::string& file, const Schema& schema,
                                 const Environment& environment) {
  return usable(inspect(file, schema, environment, [&](const std::string& path) {
    return path == file ? Result<std::string>(text) : read_from_disk(path);
  }));
}

}  // namespace carapace::config
