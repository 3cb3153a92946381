#include "extensions/providers/think_tags.h"

#include <algorithm>
#include <array>
#include <utility>

namespace carapace::providers {
namespace {

struct TagRow {
  std::string_view open;
  std::string_view close;
};
constexpr std::array kTags{TagRow{"<think>", "</think>"}, TagRow{"<thinking>", "</thinking>"}};
constexpr std::string_view kSpace = " \t\r\n";

// How many bytes at the end of `text` could be the beginning of `tag`.
std::size_t partial_at_end(std::string_view text, std::string_view tag) {
  for (auto n = std::min(text.size(), tag.size() - 1); n > 0; --n)
    if (tag.starts_with(text.substr(text.size() - n))) return n;
  return 0;
}

}  // namespace

ThinkTags::ThinkTags(bool enabled, bool lone_close)
    : state_(enabled ? State::start : State::text),
      lone_close_(enabled && lone_close),
      close_(kTags.front().close) {}

void ThinkTags::emit(std::vector<Piece>& out, Kind kind, std::size_t bytes) {
  if (bytes > 0) out.push_back({kind, held_.substr(0, bytes)});
  held_.erase(0, bytes);
}

bool ThinkTags::step(std::vector<Piece>& out) {
  switch (state_) {
    case State::start: {
      const auto first = held_.find_first_not_of(kSpace);
      if (first == std::string::npos) return false;
      const auto rest = std::string_view(held_).substr(first);
      for (const auto& row : kTags) {
        if (rest.starts_with(row.open)) {
          held_.erase(0, first + row.open.size());
          close_ = row.close;
          lone_close_ = false;
          state_ = State::thinking;
          return true;
        }
      }
      if (std::ranges::any_of(kTags,
                              [rest](const TagRow& row) { return row.open.starts_with(rest); }))
        return false;
      state_ = State::text;
      return true;
    }
    case State::thinking: {
      const auto at = held_.find(close_);
      if (at == std::string::npos) {
        emit(out, Kind::thinking, held_.size() - partial_at_end(held_, close_));
        return false;
      }
      emit(out, Kind::thinking, at);
      held_.erase(0, close_.size());
      state_ = State::after;
      return true;
    }
    case State::after: {
      held_.erase(0, std::min(held_.find_first_not_of(kSpace), held_.size()));
      if (held_.empty()) return false;
      state_ = State::text;
      return true;
    }
    case State::text: {
      const auto at = lone_close_ ? held_.find(close_) : std::string::npos;
      if (at == std::string::npos) {
        emit(out, Kind::text, held_.size() - (lone_close_ ? partial_at_end(held_, close_) : 0));
        return false;
      }
      emit(out, Kind::text, at);
      out.push_back({Kind::relabel, ""});
      held_.erase(0, close_.size());
      lone_close_ = false;
      state_ = State::after;
      return true;
    }
  }
  return false;
}

std::vector<ThinkTags::Piece> ThinkTags::feed(std::string_view text) {
  std::vector<Piece> out;
  held_ += text;
  while (step(out)) {}
  return out;
}

std::vector<ThinkTags::Piece> ThinkTags::finish() {
  std::vector<Piece> out;
  emit(out, state_ == State::thinking ? Kind::thinking : Kind::text, held_.size());
  return out;
}

}  // namespace carapace::providers
