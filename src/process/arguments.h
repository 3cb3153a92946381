// Words in the form that POSIX wants for a new program. Private to process/.
#pragma once

#include <string>
#include <vector>

namespace carapace::process {

// Valid as long as `texts` is unchanged; the kernel does not write through the pointers.
inline std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (const auto& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

}  // namespace carapace::process
