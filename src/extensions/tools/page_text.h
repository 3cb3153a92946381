// The bytes of a web page as UTF-8 text: which encoding they are in, and without the characters
// that nobody sees. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace carapace::tools {

// By a byte order mark, the charset of the Content-Type, a <meta> near the beginning; without any
// of them UTF-8 when it is that, else windows-1252. What cannot be read becomes U+FFFD.
std::string decode_page(std::string_view body, std::string_view content_type);

// Without control characters, direction marks, zero-width characters and tags (U+E0000…), in which
// text can be hidden from a reader but not from a model. Joiners stay: scripts and emoji need them.
std::string visible_characters(std::string_view text);

}  // namespace carapace::tools
