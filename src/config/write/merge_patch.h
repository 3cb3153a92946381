// JSON merge patch (RFC 7396), on trees and on the text of a configuration file. In the text every
// path that the patch does not name keeps its bytes. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/json_fwd.h"

namespace carapace::config {

json::value merge_patch(json::value target, const json::value& patch);

// `merged` is the tree that the text stands for with its includes: what comes from an included file
// is written as a sibling here, which wins. The patch is an object. Nothing is changed where the
// merged tree has the value already, so that the answer may be the text itself. What only an
// included file can take away stays (the caller compares). invalid_request when the text does not
// parse or holds no object.
Result<std::string> merge_patch_in_text(std::string_view text, const json::value& merged,
                                        const json::value& patch);

}  // namespace carapace::config
