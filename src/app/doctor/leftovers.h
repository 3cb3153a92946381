// Files in which other programs and older versions kept credentials in the clear. Reads folders.
#pragma once

#include <string>
#include <vector>

namespace carapace::doctor {

// Their paths below the state folder (infrastructure specification B.3). None is read by this
// version. What cannot be looked into has none.
std::vector<std::string> credential_files(const std::string& state_dir);

}  // namespace carapace::doctor
