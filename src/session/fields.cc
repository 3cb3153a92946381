#include "session/fields.h"

#include <array>

#include "base/make_row.h"

namespace carapace::session {
namespace {

using namespace make_row;

constexpr FieldRow main_key() {
  auto row = filled(
      choice("session.mainKey", "main", "Name of the main session of an agent.", R"("main")"));
  row.reload = Reload::none;
  row.fixed = true;
  return row;
}

constexpr std::array kFields{main_key()};

}  // namespace

std::span<const FieldRow> fields() { return kFields; }

}  // namespace carapace::session
