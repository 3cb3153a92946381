// Names of the JSON value types, for headers that only pass them on.
#pragma once

#include <boost/json/fwd.hpp>

namespace carapace {
namespace json = boost::json;
}  // namespace carapace
