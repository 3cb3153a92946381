#include "gateway/log_tail.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/text.h"

namespace carapace::gateway {
namespace {

struct Window {
  std::int64_t from = 0;
  bool truncated = false, reset = false;
};

Window choose(const TailRequest& request, std::int64_t size) {
  const auto tail = std::max<std::int64_t>(0, size - request.max_bytes);
  if (!request.cursor) return {tail, tail > 0, false};
  if (*request.cursor > size) return {tail, tail > 0, true};
  if (size - *request.cursor > request.max_bytes) return {tail, true, true};
  return {*request.cursor, false, false};
}

}  // namespace

Result<Tail> tail_log(const TailRequest& request) {
  std::error_code error;
  const auto bytes = std::filesystem::file_size(request.file, error);
  if (request.file.empty() || error == std::errc::no_such_file_or_directory) return Tail{};
  if (error) return fail(Errc::unavailable, "log read failed: {}", error.message());
  const auto size = static_cast<std::int64_t>(bytes);
  const auto window = choose(request, size);
  // One byte more in front tells whether the window begins inside a line.
  const auto before = window.from > 0 ? 1 : 0;
  std::ifstream file(request.file, std::ios::binary);
  file.seekg(window.from - before);
  std::string text(static_cast<std::size_t>(size - window.from + before), '\0');
  if (!file.read(text.data(), static_cast<std::streamsize>(text.size())) && !file.eof())
    return fail(Errc::unavailable, "log read failed: {} cannot be read", request.file);
  text.resize(static_cast<std::size_t>(file.gcount()));

  auto parts = split(text, '\n');
  if (before) {
    // Either the rest of a line that began earlier, or what stands before the line end of the last
    // one.
    parts.erase(parts.begin());
  }
  if (!parts.empty() && parts.back().empty()) parts.pop_back();
  const auto keep = std::min(parts.size(), static_cast<std::size_t>(request.limit));
  Tail out{size, {}, window.truncated, window.reset};
  for (auto it = parts.end() - static_cast<std::ptrdiff_t>(keep); it != parts.end(); ++it)
    out.lines.emplace_back(*it);
  return out;
}

}  // namespace carapace::gateway
