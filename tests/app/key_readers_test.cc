// Rows and the code that reads keys, held against each other: the sources are searched for the
// names.
#include <gtest/gtest.h>

#include <filesystem>
#include <regex>
#include <set>
#include <string>

#include "app/start/fields.h"
#include "support/temp_dir.h"

namespace carapace::app {
namespace {

namespace stdfs = std::filesystem;

// The sources that are no tables of rows.
std::string sources_below(const std::string& folder) {
  std::string out;
  for (const auto& entry :
       stdfs::recursive_directory_iterator(std::string(CARAPACE_SOURCE_DIR "/src/") + folder)) {
    const auto& path = entry.path();
    const bool code = path.extension() == ".cc" || path.extension() == ".h";
    if (!code || path.filename() == "fields.cc" || path.string().contains("/ancestor/")) continue;
    out += test::read_text(path);
  }
  return out;
}

std::set<std::string> found_by(const std::regex& pattern, const std::string& text) {
  std::set<std::string> out;
  for (auto at = std::sregex_iterator(text.begin(), text.end(), pattern);
       at != std::sregex_iterator(); ++at)
    out.insert(at->str(1));
  return out;
}

TEST(KeyReaders, EveryRowInUseIsReadBySomebody) {
  static const std::regex kLiteral(R"re("([A-Za-z$][\w.$]*)")re");
  const auto texts = found_by(kLiteral, sources_below(""));
  std::size_t seen = 0;
  for (const auto& row : schema().rows()) {
    // A row that says `none` is a note, or is kept for other versions and says so.
    if (row.planned || !row.same_as.empty() || row.reload == Reload::none) continue;
    const auto name = row.path.substr(row.path.rfind('.') + 1);
    if (name == "*") continue;
    ++seen;
    EXPECT_TRUE(texts.contains(std::string(row.path)) || texts.contains(std::string(name)))
        << row.path << " claims to be in use, and nobody names it";
  }
  EXPECT_GT(seen, 40U);
}

TEST(KeyReaders, EveryKeyThatIsReadHasARowInUse) {
  static const std::regex kRead(
      R"re((?:config|configuration)\)?(?:\.|->)(?:text|flag|integer|number|list|object|has|file_path)\("([a-zA-Z][\w.]*)"\))re");
  const auto keys = found_by(kRead, sources_below("app/start") + sources_below("app/reload"));
  EXPECT_GT(keys.size(), 25U);
  for (const auto& key : keys) {
    const auto path = config::parse_key_path(key).value();
    const auto* row = schema().row(path);
    EXPECT_TRUE(schema().known(path)) << key << " is read and has no row";
    EXPECT_FALSE(row != nullptr && row->planned) << key << " is read and its row says planned";
  }
}

}  // namespace
}  // namespace carapace::app
