#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "base/text.h"
#include "config/history.h"

namespace carapace::config {
namespace {

using std::string_view;

constexpr std::size_t kAround = 3;
// Beyond this many cells the texts between their common begin and end count as one change.
constexpr std::size_t kMaxCells = 16UL << 20U;

struct Step {
  char kind = ' ';  // ' ', '-', '+'
  std::size_t before = 0;
  std::size_t after = 0;
};

std::vector<string_view> lines_of(string_view text) {
  if (text.empty()) return {};
  if (text.ends_with('\n')) text.remove_suffix(1);
  return split(text, '\n');
}

// The longest common subsequence, by the table that everybody knows.
class Comparison {
 public:
  Comparison(const std::vector<string_view>& before, const std::vector<string_view>& after)
      : a_(before), b_(after) {}

  std::vector<Step> run() {
    std::size_t head = 0;
    while (head < a_.size() && head < b_.size() && a_[head] == b_[head]) ++head;
    std::size_t tail = 0;
    while (tail < a_.size() - head && tail < b_.size() - head &&
           a_[a_.size() - 1 - tail] == b_[b_.size() - 1 - tail])
      ++tail;
    for (std::size_t i = 0; i < head; ++i) steps_.push_back({' ', i, i});
    middle(head, a_.size() - tail, b_.size() - tail);
    for (std::size_t i = tail; i > 0; --i) steps_.push_back({' ', a_.size() - i, b_.size() - i});
    return std::move(steps_);
  }

 private:
  void middle(std::size_t from, std::size_t a_end, std::size_t b_end) {
    const auto rows = a_end - from;
    const auto columns = b_end - from;
    std::vector<std::uint32_t> table;
    const bool fits = rows == 0 || columns < kMaxCells / (rows + 1);
    const auto cell = [&](std::size_t i, std::size_t j) -> std::uint32_t& {
      return table[(i * (columns + 1)) + j];
    };
    if (fits) {
      table.assign((rows + 1) * (columns + 1), 0);
      for (auto i = rows; i-- > 0;)
        for (auto j = columns; j-- > 0;)
          cell(i, j) = a_[from + i] == b_[from + j] ? cell(i + 1, j + 1) + 1
                                                    : std::max(cell(i + 1, j), cell(i, j + 1));
    }
    std::size_t i = 0;
    std::size_t j = 0;
    while (i < rows || j < columns) {
      if (fits && i < rows && j < columns && a_[from + i] == b_[from + j]) {
        steps_.push_back({' ', from + i++, from + j++});
      } else if (i < rows && (j == columns || !fits || cell(i + 1, j) >= cell(i, j + 1))) {
        steps_.push_back({'-', from + i++, from + j});
      } else {
        steps_.push_back({'+', from + i, from + j++});
      }
    }
  }

  const std::vector<string_view>& a_;
  const std::vector<string_view>& b_;
  std::vector<Step> steps_;
};

std::string range_text(std::size_t first, std::size_t count) {
  return count == 1 ? fmt::format("{}", first + 1)
                    : fmt::format("{},{}", count == 0 ? first : first + 1, count);
}

}  // namespace

std::string unified_diff(string_view before, string_view after, string_view before_name,
                         string_view after_name) {
  if (before == after) return "";
  const auto a = lines_of(before);
  const auto b = lines_of(after);
  const auto steps = Comparison(a, b).run();
  auto out = fmt::format("--- {}\n+++ {}\n", before_name, after_name);
  for (std::size_t at = 0; at < steps.size();) {
    const auto change = static_cast<std::size_t>(
        std::find_if(steps.begin() + static_cast<std::ptrdiff_t>(at), steps.end(),
                     [](const Step& step) { return step.kind != ' '; }) -
        steps.begin());
    if (change == steps.size()) break;
    const auto begin = std::max(at, change < kAround ? 0 : change - kAround);
    auto end = change;  // behind the last change that is near enough
    for (auto i = change; i < steps.size() && i <= end + (2 * kAround); ++i)
      if (steps[i].kind != ' ') end = i + 1;
    end = std::min(end + kAround, steps.size());
    std::size_t old_lines = 0;
    std::size_t new_lines = 0;
    std::string body;
    for (auto i = begin; i < end; ++i) {
      const auto& step = steps[i];
      old_lines += step.kind == '+' ? 0 : 1;
      new_lines += step.kind == '-' ? 0 : 1;
      body += fmt::format("{}{}\n", step.kind, step.kind == '+' ? b[step.after] : a[step.before]);
    }
    out += fmt::format("@@ -{} +{} @@\n{}", range_text(steps[begin].before, old_lines),
                       range_text(steps[begin].after, new_lines), body);
    at = end;
  }
  return out;
}

}  // namespace carapace::config
