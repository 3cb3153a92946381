#include <fmt/format.h>

#include <map>

#include "base/text.h"
#include "config/present/describe.h"

namespace carapace::config {
namespace {

using std::string_view;

// Channels of which one shape is known; from this many on a key is common to channels.
constexpr std::size_t kCommonFrom = 8;
constexpr std::size_t kSaid = 1'000;

string_view section_of(string_view path) { return path.substr(0, path.find('.')); }

struct Entry {
  std::string path;
  const FieldRow* row = nullptr;
};

// Sections in the order in which they first appear, each with its keys.
class Sections {
 public:
  void add(std::string path, const FieldRow& row) {
    const auto [place, first] =
        places_.try_emplace(std::string(section_of(path)), sections_.size());
    if (first) sections_.emplace_back();
    sections_[place->second].push_back({std::move(path), &row});
  }

  std::string render(string_view heading) const {
    std::string out;
    for (const auto& entries : sections_) {
      out += fmt::format("{} `{}`\n\n| key | kind | meaning |\n|---|---|---|\n", heading,
                         section_of(entries.front().path));
      for (const auto& entry : entries)
        out += fmt::format("| `{}` | {} | {} |\n", entry.path, cell(facts(*entry.row)),
                           cell(std::string(entry.row->description)));
      out += "\n";
    }
    if (!out.empty()) out.pop_back();
    return out;
  }

 private:
  static std::string cell(std::string text) {
    text = replace_all(std::move(text), "|", "\\|");
    text = replace_all(std::move(text), "<", "&lt;");
    text = replace_all(std::move(text), "; changes nothing here yet", "");
    return text;
  }

  std::vector<std::vector<Entry>> sections_;
  std::map<std::string, std::size_t> places_;
};

// channels.telegram.dmPolicy → dmPolicy; empty for anything else.
string_view channel_tail(string_view path) {
  if (!path.starts_with("channels.")) return {};
  const auto dot = path.find('.', 9);
  return dot == string_view::npos ? string_view() : path.substr(dot + 1);
}

}  // namespace

std::string render_reference(const Schema& schema) {
  Sections sections;
  for (const auto& row : schema.rows())
    if (in_use(row)) sections.add(std::string(row.path), row);
  return sections.render("###");
}

std::string render_other_keys(const Schema& schema) {
  std::map<std::pair<string_view, string_view>, std::size_t> tails;
  for (const auto& row : schema.rows())
    if (const auto tail = channel_tail(row.path); !tail.empty()) ++tails[{tail, row.description}];
  Sections sections;
  for (const auto& row : schema.rows()) {
    if (in_use(row) || row.path.contains(".accounts.*.")) continue;
    const auto tail = channel_tail(row.path);
    auto& count = tails[{tail, row.description}];
    const bool common = !tail.empty() && count >= kCommonFrom;
    if (common && count == kSaid) continue;
    sections.add(common ? fmt::format("channels.<channel>.{}", tail) : std::string(row.path), row);
    if (common) count = kSaid;
  }
  return sections.render("##");
}

}  // namespace carapace::config
