// Writing JSON text without building a value first: frames and events are made by splicing texts
// that are JSON already. Pure; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace carapace::rpc {

// Appends `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD, so that
// whatever came in, a text frame that goes out is valid.
void append_json_string(std::string& out, std::string_view text);
std::string json_string(std::string_view text);

// An object written member by member: `ObjectText().text("runId", id).number("seq", 3).take()`.
class ObjectText {
 public:
  ObjectText& text(std::string_view name, std::string_view value);
  ObjectText& text_unless_empty(std::string_view name, std::string_view value);
  ObjectText& number(std::string_view name, std::int64_t value);
  ObjectText& boolean(std::string_view name, bool value);
  ObjectText& raw(std::string_view name, std::string_view json);  // JSON text already
  std::string take();

 private:
  void name(std::string_view name);
  std::string out_ = "{";
};

// An array from texts that are JSON already.
class ArrayText {
 public:
  ArrayText& raw(std::string_view json);
  ArrayText& text(std::string_view value);
  std::string take();

 private:
  std::string out_ = "[";
};

}  // namespace carapace::rpc
