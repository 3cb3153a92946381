#include "config/write/stamp.h"

#include <array>
#include <charconv>

#include "base/json.h"
#include "base/text.h"
#include "base/time_text.h"
#include "config/edit.h"
#include "config/json5.h"

namespace carapace::config {
namespace {

using std::string_view;

constexpr int kFirstYear = 2000;

std::optional<std::array<int, 3>> numbers_of(string_view version) {
  std::array<int, 3> out{};
  const auto parts = split(version.substr(0, version.find_first_of("-+")), '.');
  if (parts.size() > out.size()) return std::nullopt;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto [end, error] =
        std::from_chars(parts[i].data(), parts[i].data() + parts[i].size(), out.at(i));
    if (error != std::errc() || end != parts[i].data() + parts[i].size()) return std::nullopt;
  }
  return out;
}

}  // namespace

std::string stamped(std::string text, string_view version, std::int64_t now_ms) {
  const auto root = read_json5(text);
  const auto* meta =
      root && root->kind == Json5Node::Kind::object ? member_of(*root, "meta") : nullptr;
  if (meta == nullptr || meta->kind != Json5Node::Kind::object) return text;
  const std::array<std::pair<string_view, std::string>, 2> stamps{
      std::pair{"lastTouchedVersion", std::string(version)},
      std::pair{"lastTouchedAt", iso8601(now_ms)}};
  for (const auto& [key, value] : stamps) {
    const auto* old = member_of(*meta, key);
    if (old == nullptr || old->kind != Json5Node::Kind::text) continue;
    if (auto next = set_in_text(text, {"meta", std::string(key)}, json::string(value)))
      text = std::move(*next);
  }
  return text;
}

std::optional<std::string> newer_version_warning(const json::value& tree, string_view version) {
  const auto* object = tree.if_object();
  const auto* meta = object == nullptr ? nullptr : find_object(*object, "meta");
  const auto written = meta == nullptr ? std::nullopt : find_string(*meta, "lastTouchedVersion");
  if (!written) return std::nullopt;
  const auto theirs = numbers_of(*written);
  const auto ours = numbers_of(version);
  if (!theirs || !ours || *theirs <= *ours) return std::nullopt;
  if (theirs->front() >= kFirstYear && ours->front() < kFirstYear) return std::nullopt;
  return fmt::format(
      "The file was last written by version {}; this is {}, and may not know all of it.", *written,
      version);
}

}  // namespace carapace::config
