#include "secret/token.h"

#include "base/text.h"
#include "fs/atomic_write.h"
#include "fs/read_file.h"

namespace carapace::secret {
namespace {

constexpr std::size_t kTokenBytes = 32;
constexpr std::size_t kMaxTokenFile = 4096;

}  // namespace

Sealed random_token(Random& random) { return Sealed(random_hex(random, kTokenBytes)); }

Result<Sealed> load_token(const std::string& path) {
  TRY_STATUS(fs::make_private(path));
  TRY(auto text, fs::read_file(path, {.max_bytes = kMaxTokenFile}));
  Sealed token{std::string(trim(text))};
  wipe(text);
  if (token.empty()) return fail(Errc::not_found, "{} holds no token.", path);
  return token;
}

Result<Sealed> load_or_create_token(const std::string& path, Random& random) {
  // An empty file is what a full disk left behind long ago: there is nothing in it to protect.
  // Asked before the look into it, or the file that another one makes meanwhile would be taken for
  // it.
  const bool replace = fs::exists(path);
  auto token = load_token(path);
  if (token || token.error().code != Errc::not_found) return token;
  auto fresh = random_token(random);
  auto line = std::string(fresh.reveal()) + "\n";
  const auto written = fs::atomic_write(path, line, {.mode = 0600, .replace = replace});
  wipe(line);
  if (written) return fresh;
  if (written.error().code == Errc::conflict) return load_token(path);
  return std::unexpected(written.error());
}

}  // namespace carapace::secret
