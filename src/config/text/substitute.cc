#include "config/text/substitute.h"

#include <utility>

#include "base/json.h"

namespace carapace::config {
namespace {

using std::string_view;

// The NAME of a `${NAME}` at the front of the text; empty when there is none.
string_view reference_at(string_view text) {
  if (!text.starts_with("${")) return {};
  text.remove_prefix(2);
  std::size_t end = 0;
  for (; end < text.size(); ++end) {
    const char c = text[end];
    const bool letter = (c >= 'A' && c <= 'Z') || c == '_';
    const bool digit = c >= '0' && c <= '9';
    if (!letter && !(digit && end > 0)) break;
  }
  return end < text.size() && text[end] == '}' ? text.substr(0, end) : string_view();
}

constexpr std::size_t kAround = 3;  // `${` and `}`

class Walk {
 public:
  explicit Walk(const Lookup& lookup) : lookup_(lookup) {}

  void value(json::value& value) {
    if (auto* text = value.if_string()) {
      if (text->find('$') != json::string::npos) fill(*text);
    } else if (auto* object = value.if_object()) {
      for (auto& member : *object) below(member.value(), {member.key(), 0});
    } else if (auto* list = value.if_array()) {
      for (std::size_t i = 0; i < list->size(); ++i) below((*list)[i], {{}, i});
    }
  }

  std::vector<Unfilled> unfilled;

 private:
  struct Part {
    string_view key;  // of a member; without data an index
    std::size_t index;
  };

  void below(json::value& inner, Part part) {
    if (!inner.is_string() && !inner.is_structured()) return;
    way_.push_back(part);
    value(inner);
    way_.pop_back();
  }

  KeyPath path() const {
    KeyPath out;
    for (const auto& part : way_)
      out.push_back(part.key.data() == nullptr ? std::to_string(part.index)
                                               : std::string(part.key));
    return out;
  }

  void fill(json::string& text) {
    if (has_unclosed_reference(text)) unfilled.push_back({path(), {}});
    auto replaced = substitute_text(text, lookup_, left_bytes_);
    if (replaced) {
      left_bytes_ -= replaced->size();
      text = *replaced;
    } else if (!replaced.error().empty()) {
      unfilled.push_back({path(), std::move(replaced.error())});
    } else if (!std::exchange(too_long_, true)) {
      unfilled.push_back({path(), {}, true});
    }
  }

  const Lookup& lookup_;
  std::size_t left_bytes_ = kMaxFilledBytes;
  bool too_long_ = false;  // told once
  std::vector<Part> way_;
};

}  // namespace

std::expected<std::string, std::string> substitute_text(string_view text, const Lookup& lookup,
                                                        std::size_t max_bytes) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const auto dollar = text.find('$', at);
    if (dollar == string_view::npos) {
      out.append(text.substr(at));
      break;
    }
    out.append(text.substr(at, dollar - at));
    at = dollar;
    const bool escaped = text.substr(at).starts_with("$$");
    const auto name = reference_at(text.substr(at + (escaped ? 1 : 0)));
    if (name.empty()) {
      out += '$';
      ++at;
    } else if (escaped) {
      out.append(text.substr(at + 1, name.size() + kAround));
      at += 1 + name.size() + kAround;
    } else {
      const auto value = lookup(name);
      if (!value || value->empty()) return std::unexpected(std::string(name));
      out.append(*value);
      at += name.size() + kAround;
    }
    if (out.size() > max_bytes) return std::unexpected(std::string());
  }
  if (out.size() > max_bytes) return std::unexpected(std::string());
  return out;
}

std::vector<Unfilled> substitute(json::value& tree, const Lookup& lookup) {
  Walk walk(lookup);
  walk.value(tree);
  return std::move(walk.unfilled);
}

bool has_unclosed_reference(string_view text) {
  const auto open = text.rfind("${");
  return open != string_view::npos && text.find('}', open) == string_view::npos;
}

bool has_reference(string_view text) {
  for (auto at = text.find('$'); at != string_view::npos; at = text.find('$', at + 1)) {
    if (text.substr(at).starts_with("$$") && !reference_at(text.substr(at + 1)).empty()) {
      ++at;
      continue;
    }
    if (!reference_at(text.substr(at)).empty()) return true;
  }
  return false;
}

}  // namespace carapace::config
