#include "config/import/find.h"

#include <array>
#include <filesystem>
#include <optional>

#include "base/json.h"
#include "base/text.h"

namespace carapace::config {
namespace {

using std::string_view;

struct KnownName {
  string_view file;
  Product product;
};
// In the order in which a folder with several of them is understood: the newest program first.
constexpr std::array kNames{
    KnownName{"openclaw.json", Product::openclaw},
    KnownName{"openclaw.json5", Product::openclaw},
    KnownName{"carapace.json5", Product::earlier_carapace},
    KnownName{"carapace.json", Product::earlier_carapace},
    KnownName{"moltbot.json5", Product::earlier_carapace},
    KnownName{"moltbot.json", Product::moltbot},
    KnownName{"clawdbot.json", Product::clawdbot},
    KnownName{"clawdbot.json5", Product::clawdbot},
};

constexpr std::array kFolders{
    KnownName{"openclaw", Product::openclaw},
    KnownName{"moltbot", Product::moltbot},
    KnownName{"clawdbot", Product::clawdbot},
};

std::optional<Product> by_file_name(string_view name) {
  for (const auto& known : kNames)
    if (iequals(known.file, name)) return known.product;
  return std::nullopt;
}

Result<FoundConfiguration> in_folder(const std::filesystem::path& folder) {
  FoundConfiguration found{.folder = folder.string()};
  std::string looked_for;
  for (const auto& known : kNames) {
    std::error_code error;
    const auto file = folder / known.file;
    looked_for += fmt::format("{}{}", looked_for.empty() ? "" : ", ", known.file);
    if (!std::filesystem::exists(file, error)) continue;
    if (found.file.empty()) {
      found.file = file.string();
      found.product = known.product;
    } else {
      found.others.push_back(file.string());
    }
  }
  if (!found.file.empty()) return found;
  return fail(Errc::not_found, "{} holds no configuration: there is none of {}", found.folder,
              looked_for);
}

}  // namespace

string_view name_of(Product product) {
  switch (product) {
    case Product::clawdbot: return "clawdbot";
    case Product::moltbot: return "moltbot";
    case Product::openclaw: return "openclaw";
    case Product::earlier_carapace: return "the earlier Carapace";
    case Product::unknown: return "a program of the family";
  }
  return "";
}

Result<FoundConfiguration> find_configuration(const std::string& path) {
  std::error_code error;
  auto full = std::filesystem::absolute(path, error).lexically_normal();
  if (error) return fail(Errc::invalid_request, "{} is no path: {}", path, error.message());
  if (full.filename().empty()) full = full.parent_path();
  const auto status = std::filesystem::status(full, error);
  if (status.type() == std::filesystem::file_type::not_found)
    return fail(Errc::not_found, "there is no file or folder {}", full.string());
  // What cannot be looked at is told by whoever reads it.
  if (std::filesystem::is_directory(status)) return in_folder(full);
  FoundConfiguration found{.file = full.string(), .folder = full.parent_path().string()};
  found.product = by_file_name(full.filename().string()).value_or(Product::unknown);
  return found;
}

Product guess_product(const FoundConfiguration& found, const json::value& tree) {
  const auto* object = tree.if_object();
  const auto* meta = object == nullptr ? nullptr : find_object(*object, "meta");
  // The ancestors count their versions in years.
  const bool dated =
      meta != nullptr && string_or(*meta, "lastTouchedVersion", "").starts_with("20");
  if (found.product == Product::earlier_carapace && dated) return Product::moltbot;
  if (found.product != Product::unknown) return found.product;
  const auto folder = std::filesystem::path(found.folder).filename().string();
  for (const auto& known : kFolders)
    if (icontains(folder, known.file)) return known.product;
  return Product::unknown;
}

}  // namespace carapace::config
