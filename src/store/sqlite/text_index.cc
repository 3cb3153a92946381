// TextIndex over SQLite's FTS5 in a private database in memory.
#include "store/text_index.h"

#include <fmt/format.h>

#include <cctype>
#include <utility>

#include "log/log.h"
#include "store/sqlite/connection.h"

namespace carapace::store {
namespace {

constexpr log::Log kLog{"store"};
constexpr std::size_t kWords = 64;
constexpr int kCacheKib = 1024;

// Letters, digits and everything beyond ASCII; the tokenizer of the index splits the rest the same
// way.
bool is_word(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x80 || std::isalnum(byte) != 0;
}

// Each word is a quoted string, so nothing that a person types is syntax: "a" OR "b".
std::string match_any(std::string_view words) {
  std::string query;
  std::size_t count = 0;
  for (std::size_t at = 0; at < words.size() && count < kWords;) {
    std::size_t end = at;
    while (end < words.size() && is_word(words[end])) ++end;
    if (end == at) {
      ++at;
      continue;
    }
    if (count++ > 0) query += " OR ";
    query.append("\"").append(words.substr(at, end - at)).append("\"");
    at = end;
  }
  return query;
}

class FtsIndex final : public TextIndex {
 public:
  explicit FtsIndex(std::unique_ptr<Connection> db) : db_(std::move(db)) {}

  std::vector<Hit> search(std::string_view words, std::size_t limit, Within within) override {
    std::vector<Hit> hits;
    auto query = match_any(words);
    if (query.empty() || limit == 0) return hits;
    if (within != Within::passage)
      query = fmt::format("{{{}}} : ({})",
                          within == Within::name ? "heading asked" : "heading sought", query);
    const auto read = db_->rows(
        "SELECT page, heading, text, CAST(bm25(passages, 0.0, 4.0, 1.0, 2.0, 0.0) * 1e9 AS "
        "INTEGER) AS score "
        "FROM passages "
        "WHERE passages MATCH ?1 ORDER BY score, rowid LIMIT ?2",
        {query, static_cast<std::int64_t>(limit)}, [&](const Row& row) {
          hits.push_back({{row.text(0), row.text(1), row.text(2), {}, {}},
                          static_cast<double>(row.integer(3)) / 1e9});
          return true;
        });
    if (!read) {
      kLog.error("a search in the documentation failed", {{"error", read.error().detail}});
      hits.clear();
    }
    return hits;
  }

 private:
  std::unique_ptr<Connection> db_;
};

}  // namespace

Result<std::unique_ptr<TextIndex>> make_text_index(std::vector<Passage> passages) {
  TRY(auto db, Connection::open({.path = ":memory:", .vfs = {}, .cache_kib = kCacheKib}));
  TRY_STATUS(db->script(
      "CREATE VIRTUAL TABLE passages USING fts5(page UNINDEXED, heading, text, asked, sought, "
      "tokenize = 'porter unicode61 remove_diacritics 2'); BEGIN"));
  for (auto& passage : passages)
    TRY_STATUS(
        db->run("INSERT INTO passages VALUES (?1, ?2, ?3, ?4, ?5)",
                {std::move(passage.page), std::move(passage.heading), std::move(passage.text),
                 std::move(passage.asked), std::move(passage.sought)}));
  TRY_STATUS(db->script("COMMIT"));
  return std::make_unique<FtsIndex>(std::move(db));
}

}  // namespace carapace::store
