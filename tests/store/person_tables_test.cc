#include "store/person_tables.h"

#include <algorithm>
#include <set>

#include "store_fixture.h"

namespace carapace::store {
namespace {

using PersonTablesTest = StoreTest;

const PersonDataRow* row_of(std::string_view place) {
  const auto rows = person_data_rows();
  const auto found = std::ranges::find(rows, place, &PersonDataRow::place);
  return found == rows.end() ? nullptr : &*found;
}

bool has(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

std::vector<std::string> column_of(Engine& engine, Loop& loop, std::string sql) {
  std::vector<std::string> names;
  const auto read = test::run(loop, engine.query([&](Statements& db) {
    return db.rows(sql, {}, [&](const Row& row) {
      names.push_back(row.text(0));
      return true;
    });
  }));
  EXPECT_TRUE(read);
  return names;
}

TEST_F(PersonTablesTest, EveryTableHasARowAndItsOwnerExists) {
  const auto tables =
      column_of(*engine_, loop_,
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'");
  EXPECT_GE(tables.size(), 12U);
  for (const auto& table : tables) {
    const auto* row = row_of(table);
    ASSERT_NE(row, nullptr) << "table " << table << " has no person-data row";
    if (row->owner == "-") continue;
    std::string holder = table;
    if (!row->through.empty()) {
      holder = row->through.substr(0, row->through.find('.'));
      const auto joined = column_of(*engine_, loop_,
                                    fmt::format("SELECT name FROM pragma_table_info('{}')", table));
      EXPECT_TRUE(has(joined, "run_id")) << table;
    }
    const auto columns =
        column_of(*engine_, loop_, fmt::format("SELECT name FROM pragma_table_info('{}')", holder));
    EXPECT_TRUE(has(columns, row->owner)) << table << " has no column " << row->owner;
  }
}

TEST_F(PersonTablesTest, RowsAreCompleteAndUnique) {
  std::set<std::string_view> places;
  for (const auto& row : person_data_rows()) {
    EXPECT_TRUE(places.insert(row.place).second) << row.place;
    EXPECT_FALSE(row.holds.empty()) << row.place;
    EXPECT_TRUE(row.erase == "delete" || row.erase == "none" || row.erase == "expire") << row.place;
    if (row.owner != "-") EXPECT_EQ(row.erase, "delete") << row.place;
  }
}

TEST_F(PersonTablesTest, EveryFileThatTheStoreMakesHasARow) {
  accept(inbound("r1", "hello"));
  for (const auto& name : test::names_in(dir_.path())) EXPECT_NE(row_of(name), nullptr) << name;
}

}  // namespace
}  // namespace carapace::store
