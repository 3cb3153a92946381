// All checks together, and their answer for people and for programs:
// {ts, summary{critical,warn,info}, findings[], checks[], versions{}, mended[]}. Pure but for the
// checks themselves.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "app/doctor/check.h"

namespace carapace::doctor {

struct Section {
  const Check* check = nullptr;
  Findings findings = {};
};

struct Report {
  std::int64_t ts_ms = 0;
  std::vector<Section> sections = {};
  std::vector<std::pair<std::string, std::string>> versions = {};
  std::vector<std::string> mended = {};      // sentences about what `--fix` did
  std::vector<std::string> not_mended = {};  // and what it could not do

  std::size_t count(Severity severity) const;
};

Report examine(const Ground& ground);

std::string to_json(const Report& report);
std::string to_text(const Report& report, bool colour);

}  // namespace carapace::doctor
