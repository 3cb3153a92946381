// Merges patches into texts, one pair a line in base64 with a blank between, and answers each with
// the text that came out in base64, or "error" and why. For merge_patch.test.mjs.
#include <iostream>
#include <string>

#include "base/bytes.h"
#include "base/json.h"
#include "config/json5.h"
#include "config/write/merge_patch.h"

int main() {
  for (std::string text, patch; std::cin >> text >> patch;) {
    const auto before = carapace::from_base64(text).value();
    const auto change = carapace::config::parse_json5(carapace::from_base64(patch).value());
    const auto tree = carapace::config::parse_json5(before);
    if (!change || !tree) {
      std::cout << "error cannot read\n";
      continue;
    }
    const auto after = carapace::config::merge_patch_in_text(before, *tree, *change);
    std::cout << (after ? carapace::to_base64(*after) : "error " + after.error().detail) << '\n';
  }
  std::cout.flush();
}
