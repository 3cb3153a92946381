#include "config/read/cache.h"

#include <algorithm>
#include <cerrno>

#include "config/read/include.h"

namespace carapace::config {
namespace {

bool set_to_nothing(const Environment& environment, std::string_view name) {
  const auto found = environment.all().find(name);
  return found != environment.all().end() && (found->second.empty() || found->second == "0");
}

// What a document is follows from the bytes of its files and from where their names lead.
bool unchanged(const Document& document) {
  const auto same = [&](const DocumentFile& file) {
    if (real_path(file.path).path != file.real) return false;
    const auto text = read_from_disk(file.path);
    return text ? file.exists && *text == file.text
                : !file.exists && text.error().code == Errc::not_found;
  };
  const auto missing = [](const std::string& path) { return real_path(path).problem == ENOENT; };
  return std::ranges::all_of(document.files, same) && std::ranges::all_of(document.absent, missing);
}

}  // namespace

ReadCache::ReadCache(const Environment& environment)
    : off_(environment.get("CARAPACE_DISABLE_CONFIG_CACHE").has_value() ||
           set_to_nothing(environment, "CARAPACE_CONFIG_CACHE_MS")) {}

std::shared_ptr<const Inspection> ReadCache::inspect(const std::string& file, const Schema& schema,
                                                     const Environment& environment) {
  auto last = off_ ? nullptr : last_.load();
  if (last != nullptr && last->document.file == file && unchanged(last->document)) return last;
  auto fresh = std::make_shared<const Inspection>(config::inspect(file, schema, environment));
  if (!off_) last_.store(fresh);
  return fresh;
}

}  // namespace carapace::config
