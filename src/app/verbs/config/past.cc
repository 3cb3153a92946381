// config history | diff | rollback: the last ten files. Diffs are made of texts without their
// secrets; a secret that differs is told as such.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <optional>
#include <utility>

#include "app/terminal/output.h"
#include "app/verbs/config/actions.h"
#include "app/verbs/config/effect.h"
#include "app/verbs/config/findings.h"
#include "base/json.h"
#include "base/random.h"
#include "base/text.h"
#include "config/history.h"
#include "config/json5.h"
#include "config/write/judge.h"
#include "config/write/redaction.h"

namespace carapace::app {
namespace {

using config::HistoryEntry;
using config::HistoryFile;

std::string local_time(std::int64_t at_ms) {
  const std::time_t seconds = at_ms / 1'000;
  std::tm local{};
  ::localtime_r(&seconds, &local);
  return fmt::format("{:%Y-%m-%d %H:%M:%S}", local);
}

struct Past {
  config::HistoryList list;
  config::Inspection now;
  std::string hash = now.document.hash();

  bool is_now(const HistoryEntry& entry) const { return now.document.exists && entry.hash == hash; }
};

Result<Past> past_of(const ConfigCall& call) {
  SystemRandom random;
  TRY(auto list, config::History(call.paths.state_dir, random).list());
  return Past{std::move(list),
              config::inspect(call.paths.config_file, call.schema, call.environment)};
}

void print_damaged(const config::HistoryList& list) {
  for (const auto& sentence : list.damaged) print_error("warning: " + sentence);
}

// The newest entry that is not what lies on the disk.
Result<std::uint64_t> last_other(const Past& past) {
  for (const auto& entry : past.list.entries)
    if (!past.is_now(entry)) return entry.number;
  return fail(Errc::not_found, past.list.entries.empty()
                                   ? "there is no history yet: it begins with the first change"
                                   : "the history holds nothing else than the file as it is");
}

// One side of a diff: the files as they were, and the trees that say what in them is secret.
struct Side {
  std::string name;
  std::vector<HistoryFile> files;
};

Result<Side> side_of(const ConfigCall& call, const Past& past, const std::string& wish) {
  if (wish == "file") {
    Side side{"file", {}};
    if (past.now.document.exists)
      for (const auto& file : past.now.document.files) side.files.push_back({file.path, file.text});
    return side;
  }
  std::uint64_t number = 0;
  const auto read = std::from_chars(wish.data(), wish.data() + wish.size(), number);
  if (read.ec != std::errc() || read.ptr != wish.data() + wish.size())
    return fail(Errc::invalid_request, "'{}' is neither a number of the history nor the word file",
                wish);
  SystemRandom random;
  TRY(auto entry, config::History(call.paths.state_dir, random).load(number));
  return Side{std::to_string(number), std::move(entry.files)};
}

const std::string* text_of(const Side& side, const std::string& path) {
  const auto file = std::ranges::find(side.files, path, &HistoryFile::path);
  return file == side.files.end() ? nullptr : &file->text;
}

// What is a secret in any file of either side is one in all of them.
class Masks {
 public:
  Masks(const config::Schema& schema, const Side& before, const Side& after) {
    for (const auto* side : {&before, &after})
      for (const auto& file : side->files)
        if (auto tree = config::parse_json5(file.text)) trees_.push_back(std::move(*tree));
    for (const auto& tree : trees_) pointers_.push_back(&tree);
    redaction_.emplace(schema, pointers_);
  }

  std::string text(const std::string* text, const std::string& path) const {
    if (text == nullptr) return {};
    auto masked = redaction_->masked_text(*text);
    return masked ? replace_all(std::move(*masked), config::kRedactedMark, "***")
                  : fmt::format("({} does not parse, so its text is not shown)\n", path);
  }

 private:
  std::vector<json::value> trees_;
  std::vector<const json::value*> pointers_;
  std::optional<config::Redaction> redaction_;
};

struct FileDiff {
  std::string path;
  std::string text;                  // unified, without secrets
  std::vector<std::string> secrets;  // keys whose secret differs
};

// What the masks hide, by the names of its keys.
std::vector<std::string> secrets_that_differ(const config::Schema& schema,
                                             const std::string* before, const std::string* after) {
  const auto tree = [](const std::string* text) {
    auto parsed = config::parse_json5(text == nullptr ? "{}" : *text);
    return parsed ? std::move(*parsed) : json::value(json::object());
  };
  std::vector<std::string> secrets;
  for (auto& path : config::changed_paths(tree(before), tree(after))) {
    const auto key = config::parse_key_path(path);
    if (key && schema.is_secret(*key)) secrets.push_back(std::move(path));
  }
  return secrets;
}

std::vector<FileDiff> diff_of(const ConfigCall& call, const Side& before, const Side& after) {
  const Masks masks(call.schema, before, after);
  std::vector<std::string> paths;
  for (const auto* side : {&before, &after})
    for (const auto& file : side->files)
      if (std::ranges::find(paths, file.path) == paths.end()) paths.push_back(file.path);
  std::vector<FileDiff> diffs;
  for (const auto& path : paths) {
    const auto* old = text_of(before, path);
    const auto* now = text_of(after, path);
    if (old != nullptr && now != nullptr && *old == *now) continue;
    auto text = config::unified_diff(masks.text(old, path), masks.text(now, path),
                                     fmt::format("{} ({})", path, before.name),
                                     fmt::format("{} ({})", path, after.name));
    diffs.push_back({path, std::move(text), secrets_that_differ(call.schema, old, now)});
  }
  return diffs;
}

json::object json_of(const HistoryEntry& entry, const Past& past) {
  json::array files;
  for (const auto& file : entry.files) files.emplace_back(file.path);
  return {{"number", entry.number},       {"at", entry.at_ms},  {"by", entry.by},
          {"hash", entry.hash},           {"good", entry.good}, {"files", std::move(files)},
          {"current", past.is_now(entry)}};
}

}  // namespace

int config_history(const ConfigCall& call) {
  const auto past = past_of(call);
  if (!past) return report(past.error(), call.options.json);
  print_damaged(past->list);
  if (call.options.json) {
    json::array entries;
    for (const auto& entry : past->list.entries) entries.push_back(json_of(entry, *past));
    print_line(
        dump_json(json::object{{"file", call.paths.config_file}, {"entries", std::move(entries)}}));
    return kExitOk;
  }
  if (past->list.entries.empty())
    print_line("There is no history yet: it begins with the first change.");
  for (const auto& entry : past->list.entries)
    print_line(
        fmt::format("{:>4}  {}  {}{}{}{}", entry.number, local_time(entry.at_ms),
                    strip_controls(entry.by, false),
                    entry.files.size() > 1 ? fmt::format(", {} files", entry.files.size()) : "",
                    entry.good ? ", a gateway ran with it" : "",
                    past->is_now(entry) ? "  <- the file as it is" : ""));
  return kExitOk;
}

int config_diff(const ConfigCall& call) {
  const auto past = past_of(call);
  if (!past) return report(past.error(), call.options.json);
  auto first = call.options.first;
  if (first.empty()) {
    const auto number = last_other(*past);
    if (!number) return report(number.error(), call.options.json);
    first = std::to_string(*number);
  }
  const auto before = side_of(call, *past, first);
  if (!before) return report(before.error(), call.options.json);
  const auto after =
      side_of(call, *past, call.options.second.empty() ? "file" : call.options.second);
  if (!after) return report(after.error(), call.options.json);
  const auto diffs = diff_of(call, *before, *after);
  if (call.options.json) {
    json::array files;
    for (const auto& diff : diffs)
      files.push_back(
          json::object{{"path", diff.path},
                       {"diff", diff.text},
                       {"secrets", json::array(diff.secrets.begin(), diff.secrets.end())}});
    print_line(dump_json(json::object{
        {"before", before->name}, {"after", after->name}, {"files", std::move(files)}}));
    return kExitOk;
  }
  if (diffs.empty()) print_line("Nothing differs.");
  for (const auto& diff : diffs) {
    if (!diff.text.empty()) print_line(diff.text);
    for (const auto& key : diff.secrets)
      print_line(fmt::format("{}: {} differs; secrets are not shown.", diff.path, key));
    if (diff.text.empty() && diff.secrets.empty())
      print_line(fmt::format("{}: what differs is not shown.", diff.path));
  }
  return kExitOk;
}

int config_rollback(const ConfigCall& call) {
  const auto past = past_of(call);
  if (!past) return report(past.error(), call.options.json);
  auto number = call.options.entry;
  if (number == 0) {
    const auto other = last_other(*past);
    if (!other) return report(other.error(), call.options.json);
    number = *other;
  }
  const auto written = checked_write(
      call, past->now,
      {.by = fmt::format("config rollback {}", number), .dry_run = call.options.dry_run},
      [&](const config::Writer& writer, const config::WriteRequest& request) {
        return writer.roll_back(number, request);
      });
  if (!written) return report(written.error(), past->now, call.options.json);
  if (call.options.dry_run && !call.options.json)
    for (const auto& path : written->paths) print_line("  " + path);
  return report_written(
      call,
      call.options.dry_run
          ? fmt::format("Entry {} could come back: the keys above differ; nothing was written.",
                        number)
          : fmt::format("{} is entry {} of the history again.", call.paths.config_file, number),
      *written, past->now);
}

}  // namespace carapace::app
