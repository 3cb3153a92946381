// config set | unset: one key of the file.
#include <fmt/format.h>

#include <utility>

#include "app/terminal/line_reader.h"
#include "app/terminal/output.h"
#include "app/verbs/config/actions.h"
#include "app/verbs/config/effect.h"
#include "app/verbs/config/findings.h"
#include "app/verbs/config/typed.h"
#include "base/json.h"
#include "base/text.h"
#include "config/json5.h"
#include "config/typed_value.h"

namespace carapace::app {
namespace {

// How secrets are shown is no secret: a value that was copied from there would lock its owner out.
constexpr std::string_view kMask = "***";

struct Wish {
  config::KeyPath key;
  json::value value;
};

// The words of the value: given, asked for without echo, or from standard input.
Result<std::string> typed_text(const Options& options, bool secret) {
  if (options.value_given && options.value != "-") {
    if (secret)
      print_error(
          "a secret on the command line stays in your shell's history; leave it out to be asked");
    return options.value;
  }
  std::string text;
  if (is_terminal(0)) {
    text = read_secret(options.key + ": ").value_or("");
  } else {
    text = all_of_input();
  }
  if (text.size() > kMaxTyped)
    return fail(Errc::too_large, "the value is longer than 4 MiB; nothing was changed");
  if (trim(text).empty())
    return fail(Errc::invalid_request, "no value was given; nothing was changed");
  return std::string(trim(text));
}

Result<json::value> read_value(const Options& options, const std::string& text, const FieldRow* row,
                               bool secret) {
  if (options.strict || options.json) {
    auto value = config::parse_json5(text);
    if (value) return value;
    // A secret is not quoted back, and a parser that stumbles quotes nothing but its place.
    return fail(Errc::invalid_request, "the value is no JSON5 ({}); texts need quotes here",
                value.error().detail);
  }
  if (secret) return json::string(text);
  if (options.append && row != nullptr && row->type == FieldType::text_list)
    return json::string(text);
  return config::typed_value(text, row);
}

bool is_list(const FieldRow& row) {
  return row.type == FieldType::text_list || row.type == FieldType::object_list ||
         row.type == FieldType::list || row.type == FieldType::any;
}

// Behind the last item of the list, which the file may not have yet.
Result<config::KeyPath> appended(config::KeyPath list, const config::Inspection& found,
                                 const FieldRow* row) {
  const auto* value = value_at(found.document.tree(), list);
  if (value != nullptr ? !value->is_array() : row != nullptr && !is_list(*row))
    return fail(Errc::invalid_request, "{} is no list, so nothing can be appended to it",
                config::to_text(list));
  list.push_back(std::to_string(value == nullptr ? 0 : value->get_array().size()));
  return list;
}

// A secret may be left out: it is asked for.
bool is_asked_for(const config::Schema& schema, const config::KeyPath& key) {
  const auto* row = schema.row(key);
  return schema.is_secret(key) && (row == nullptr || row->type == FieldType::text);
}

Result<Wish> read_wish(const ConfigCall& call, const config::Inspection& found) {
  const auto& options = call.options;
  Wish wish;
  TRY(wish.key, typed_key(call, found));
  if (!call.schema.known(wish.key)) return unknown_key(wish.key, call.schema);
  const auto* row = call.schema.row(wish.key);
  const bool secret = is_asked_for(call.schema, wish.key);
  TRY(const auto text, typed_text(options, secret));
  if (secret && text == kMask)
    return fail(Errc::invalid_request,
                "*** only stands where {} is shown; it is not its value. Nothing was changed",
                options.key);
  TRY(wish.value, read_value(options, text, row, secret));
  if (!options.append) return wish;
  TRY(wish.key, appended(std::move(wish.key), found, row));
  // A list that is missing comes with its first item.
  if (wish.key.back() == "0") {
    wish.key.pop_back();
    wish.value = json::array{std::move(wish.value)};
  }
  return wish;
}

// For the history: which key, so that a list of ten changes says something.
std::string by(std::string_view action, const config::KeyPath& key) {
  constexpr std::size_t kMost = 120;
  const auto words = fmt::format("config {} {}", action, config::to_text(key));
  return words.size() > kMost ? fmt::format("config {}", action) : words;
}

std::string in_file(const ConfigCall& call, std::string_view what) {
  return call.options.dry_run
             ? fmt::format("{} would be {} in {}; nothing was written.", call.options.key, what,
                           call.paths.config_file)
             : fmt::format("{} is {} in {}.", call.options.key, what, call.paths.config_file);
}

}  // namespace

int config_set(const ConfigCall& call) {
  const auto before = config::inspect(call.paths.config_file, call.schema, call.environment);
  const auto key = typed_key(call, before);
  if (key && !call.options.value_given && call.schema.known(*key) &&
      !is_asked_for(call.schema, *key)) {
    report(Error{Errc::invalid_request, call.options.key + " needs a value; nothing was changed"},
           call.options.json);
    return kExitUsage;
  }
  const auto wish = read_wish(call, before);
  if (!wish) return report(wish.error(), call.options.json);
  const auto written =
      checked_write(call, before, {.by = by("set", wish->key), .dry_run = call.options.dry_run},
                    [&](const config::Writer& writer, const config::WriteRequest& request) {
                      return writer.set(wish->key, wish->value, request);
                    });
  if (!written) return report(written.error(), before, call.options.json);
  return report_written(call, in_file(call, "set"), *written, before);
}

int config_unset(const ConfigCall& call) {
  const auto before = config::inspect(call.paths.config_file, call.schema, call.environment);
  const auto key = typed_key(call, before);
  if (!key) return report(key.error(), call.options.json);
  // A key that nobody knows may be taken out as well: that is how a slip is mended.
  if (!before.document.problem && value_at(before.document.tree(), *key) == nullptr &&
      !call.schema.known(*key))
    return report(unknown_key(*key, call.schema).error(), call.options.json);
  const auto written =
      checked_write(call, before, {.by = by("unset", *key), .dry_run = call.options.dry_run},
                    [&](const config::Writer& writer, const config::WriteRequest& request) {
                      return writer.unset(*key, request);
                    });
  if (!written) return report(written.error(), before, call.options.json);
  return report_written(call, in_file(call, "taken out"), *written, before);
}

}  // namespace carapace::app
