#include "app/terminal/output.h"

#include <cstdio>

#include "app/terminal/line_reader.h"
#include "base/json.h"

namespace carapace::app {

bool use_colour(int descriptor, bool no_color_set) {
  return !no_color_set && is_terminal(descriptor);
}

void print_line(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  if (!text.ends_with('\n')) std::fputc('\n', stdout);
  std::fflush(stdout);
}

void print_error(std::string_view text) {
  std::fprintf(stderr, "carapace: %.*s\n", static_cast<int>(text.size()), text.data());
}

int report(const Error& error, bool as_json) {
  const auto text =
      error.detail.empty() ? errc_row(error.code).user_sentence : std::string_view(error.detail);
  print_error(text);
  if (as_json)
    print_line(dump_json(
        json::object{{"error", {{"code", errc_row(error.code).name}, {"message", text}}}}));
  return kExitFailed;
}

}  // namespace carapace::app
