// What `carapace doctor` says: one finding, with the command that mends it, and what `--fix` may do
// about it by itself. Check ids are stable; those that the ancestor's security audit has keep its
// names (infrastructure specification, Part I). Values; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace carapace::doctor {

enum class Severity : std::uint8_t { info, warn, critical };
std::string_view name_of(Severity severity);

// Something that is safe to do without asking, or, for `roll_back`, after asking.
struct Mend {
  enum class Kind : std::uint8_t {
    none,
    keep_private,  // 0700 for a folder, 0600 for a file; never through a symbolic link
    make_folder,
    set_key,    // `key` of the configuration becomes the text `value`
    roll_back,  // the configuration becomes entry `number` of its history
  };
  Kind kind = Kind::none;
  std::string path = {};
  std::uint64_t number = 0;
  std::string key = {};
  std::string value = {};
};

struct Finding {
  std::string check_id;  // "state_dir.perms_readable"
  Severity severity = Severity::info;
  std::string title;        // one sentence without its full stop
  std::string detail;       // which file, which key, why; never a secret
  std::string remediation;  // a command where one mends it
  Mend mend = {};
};
using Findings = std::vector<Finding>;

// A path or value as one word of a POSIX shell.
std::string shell_word(std::string_view text);

}  // namespace carapace::doctor
