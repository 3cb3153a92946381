#include "ledger/fields.h"

#include <array>

namespace carapace::ledger {
namespace {

using enum FieldType;

// path, type, default as JSON, description, allowed values, smallest, largest, secret, reload, part
constexpr std::array kFields{
    FieldRow{"models.budget.dailyUsd", number, "",
             "Most US dollars that paid models may cost a person on one UTC day; no cap when not "
             "set.",
             "", 0, 1e9, false, Reload::hot},
};

}  // namespace

std::span<const FieldRow> fields() { return kFields; }

}  // namespace carapace::ledger
