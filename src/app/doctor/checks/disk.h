// What little room on a disk means. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "app/doctor/finding.h"

namespace carapace::doctor {

struct Room {
  std::uint64_t free_bytes = 0;
  std::uint64_t files = 0;  // that the file system can hold; 0: it does not count them
  std::uint64_t free_files = 0;
};

std::optional<Finding> judge_room(const Room& room, const std::string& folder);

}  // namespace carapace::doctor
