#include "app/start/assets.h"

#include <vector>

#include "base/asset.h"

namespace carapace {
#ifdef CARAPACE_HAS_UI
std::span<const Asset> embedded_ui();  // made by tools/embed
#endif
}  // namespace carapace

namespace carapace::app {
namespace {

std::string_view mime_of(std::string_view path) {
  struct Row {
    std::string_view ending;
    std::string_view mime;
  };
  constexpr Row kRows[] = {{".html", "text/html; charset=utf-8"},
                           {".js", "text/javascript; charset=utf-8"},
                           {".css", "text/css; charset=utf-8"},
                           {".svg", "image/svg+xml"},
                           {".png", "image/png"},
                           {".ico", "image/x-icon"},
                           {".json", "application/json"},
                           {".webmanifest", "application/manifest+json"}};
  for (const auto& row : kRows)
    if (path.ends_with(row.ending)) return row.mime;
  return "application/octet-stream";
}

std::vector<gateway::Asset> make_assets() {
  std::vector<gateway::Asset> assets;
#ifdef CARAPACE_HAS_UI
  for (const auto& file : embedded_ui())
    assets.push_back(
        {file.path, file.bytes, mime_of(file.path), file.hash, file.path.starts_with("assets/")});
#else
  (void)mime_of;
#endif
  return assets;
}

}  // namespace

std::span<const gateway::Asset> browser_assets() {
  static const std::vector<gateway::Asset> kAssets = make_assets();
  return kAssets;
}

}  // namespace carapace::app
