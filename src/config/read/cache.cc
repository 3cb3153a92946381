#include "config/read/cache.h"

#include "config/read/include.h"

namespace carapace::config {
namespace {

bool set_to_nothing(const Environment& environment, std::string_view name) {
  const auto found = environment.all().find(name);
  return found != environment.all().end() && (found->second.empty() || found->second == "0");
}

}  // namespace

ReadCache::ReadCache(const Environment& environment)
    : off_(environment.get("CARAPACE_DISABLE_CONFIG_CACHE").has_value() ||
           set_to_nothing(environment, "CARAPACE_CONFIG_CACHE_MS")) {}

std::shared_ptr<const Inspection> ReadCache::inspect(const std::string& file, const Schema& schema,
                                                     const Environment& environment) {
  auto last = off_ ? nullptr : last_.load();
  if (last != nullptr && last->document.file == file && still_so(last->document)) return last;
  auto fresh = std::make_shared<const Inspection>(config::inspect(file, schema, environment));
  if (!off_) last_.store(fresh);
  return fresh;
}

}  // namespace carapace::config
