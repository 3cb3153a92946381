// The words of $VISUAL or $EDITOR, such as `code --wait` or `"/opt/my editor/bin/e" -n`: split at
// blanks; single and double quotes and the backslash keep a blank in a word. Nothing is expanded,
// and no shell sees it. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace carapace::app {

// invalid_request for a quote that does not end. Blank text is no word at all.
Result<std::vector<std::string>> editor_words(std::string_view command);

}  // namespace carapace::app
