#include "rpc/json_text.h"

#include <utility>

#include "base/text.h"

namespace carapace::rpc {
namespace {

void append_escaped(std::string& out, char c) {
  static constexpr char kHex[] = "0123456789abcdef";
  switch (c) {
    case '"': out += "\\\""; break;
    case '\\': out += "\\\\"; break;
    case '\b': out += "\\b"; break;
    case '\f': out += "\\f"; break;
    case '\n': out += "\\n"; break;
    case '\r': out += "\\r"; break;
    case '\t': out += "\\t"; break;
    default: {
      const auto byte = static_cast<unsigned char>(c);
      out += "\\u00";
      out += kHex[byte >> 4U];
      out += kHex[byte & 15U];
    }
  }
}

bool needs_escape(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; }

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  std::string mended;
  if (!is_valid_utf8(text)) {
    mended = sanitize_utf8(text);
    text = mended;
  }
  out += '"';
  std::size_t copied = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!needs_escape(text[i])) continue;
    out.append(text.substr(copied, i - copied));
    append_escaped(out, text[i]);
    copied = i + 1;
  }
  out.append(text.substr(copied));
  out += '"';
}

std::string json_string(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  append_json_string(out, text);
  return out;
}

void ObjectText::name(std::string_view name) {
  if (out_.size() > 1) out_ += ',';
  append_json_string(out_, name);
  out_ += ':';
}

ObjectText& ObjectText::text(std::string_view name, std::string_view value) {
  this->name(name);
  append_json_string(out_, value);
  return *this;
}

ObjectText& ObjectText::text_unless_empty(std::string_view name, std::string_view value) {
  return value.empty() ? *this : text(name, value);
}

ObjectText& ObjectText::number(std::string_view name, std::int64_t value) {
  return raw(name, std::to_string(value));
}

ObjectText& ObjectText::boolean(std::string_view name, bool value) {
  return raw(name, value ? "true" : "false");
}

ObjectText& ObjectText::raw(std::string_view name, std::string_view json) {
  this->name(name);
  out_.append(json);
  return *this;
}

std::string ObjectText::take() {
  out_ += '}';
  return std::move(out_);
}

ArrayText& ArrayText::raw(std::string_view json) {
  if (out_.size() > 1) out_ += ',';
  out_.append(json);
  return *this;
}

ArrayText& ArrayText::text(std::string_view value) { return raw(json_string(value)); }

std::string ArrayText::take() {
  out_ += ']';
  return std::move(out_);
}

}  // namespace carapace::rpc
