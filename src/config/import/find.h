// Where the configuration of another program of this protocol lies, and which program that was. By
// the names that they use, else by what stands in the file. Blocks on the disk. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json_fwd.h"

namespace carapace::config {

enum class Product : std::uint8_t {
  clawdbot,
  moltbot,
  openclaw,
  earlier_carapace,  // the one in Rust
  unknown,           // a file of the family, by whichever of them
};
std::string_view name_of(Product product);  // "clawdbot", "the earlier Carapace"

struct FoundConfiguration {
  std::string file = {};    // absolute
  std::string folder = {};  // that holds it, and the state of that program where it was named
  Product product = Product::unknown;
  std::vector<std::string> others = {};  // further configurations in that folder
};

// `path` is a file, or a folder that holds one under a name of these programs. not_found when there
// is none (the detail says which names were looked for); invalid_request for what is neither.
Result<FoundConfiguration> find_configuration(const std::string& path);

// What the content says where names say nothing: stamps and sections that only one of them writes.
Product guess_product(const FoundConfiguration& found, const json::value& tree);

}  // namespace carapace::config
