// Puts together a document out of its files: follows every `$include` and merges what comes
// (document.h says how). Inside config/read/ only.
#pragma once

#include "config/read/document.h"

namespace carapace::config {

// Reads the main file and all that it includes into `document`: its files, its problem or its
// content.
void read_all(Document& document, const ReadRules& rules, const ReadText& reader);

// The path with links followed, as far as it exists.
struct RealPath {
  std::string path;
  int problem = 0;  // errno where it ends; 0: all of it exists
};
RealPath real_path(const std::string& path);

// Would the disk give this document again? By the bytes of all its files and by where their names
// lead. No for one with a file that cannot be read for another reason than that it is missing.
bool still_so(const Document& document);

}  // namespace carapace::config
