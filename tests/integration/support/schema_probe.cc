// Prints the JSON Schema of the configuration as the first line; then reads trees, one line of JSON
// each, and answers each with what our checker has to say, as protocol 3 would. For
// config_schema.test.mjs.
#include <iostream>
#include <string>
#include <vector>

#include "app/start/fields.h"
#include "base/json.h"
#include "config/present/schema_json.h"

int main() {
  const auto& schema = carapace::app::schema();
  std::cout << carapace::config::json_schema(schema) << '\n';
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto tree = carapace::parse_json(line, {.max_depth = 256});
    if (!tree) return 1;
    carapace::json::array said;
    auto issues = schema.validate(*tree);
    // Rules between keys have no words of the protocol's: a JSON Schema cannot say them.
    std::erase_if(issues,
                  [](const auto& issue) { return issue.wire.empty() && !issue.unknown_key; });
    for (const auto& issue : carapace::config::wire_issues(issues))
      said.push_back(carapace::json::object{{"path", issue.path}, {"message", issue.message}});
    std::cout << carapace::dump_json(said) << '\n';
  }
  return 0;
}
