#include "app/terminal/markdown.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "app/terminal/cells.h"
#include "base/text.h"

namespace carapace::app {
namespace {

constexpr const char* kBold = "\x1b[1m";
constexpr const char* kBoldOff = "\x1b[22m";
constexpr const char* kSlanted = "\x1b[3m";
constexpr const char* kSlantedOff = "\x1b[23m";
constexpr const char* kCode = "\x1b[36m";
constexpr const char* kCodeOff = "\x1b[39m";
constexpr const char* kLink = "\x1b[4m";
constexpr const char* kLinkOff = "\x1b[24m";
constexpr std::size_t kMaxLink = 600;
constexpr std::size_t kMaxStart = 24;
constexpr int kMaxIndent = 20;
constexpr int kRule = 40;

bool is_word(std::string_view c) {
  const auto byte = static_cast<unsigned char>(c.empty() ? ' ' : c.front());
  return byte >= 0x80 || std::isalnum(byte) != 0;
}

bool is_space(std::string_view c) { return c.empty() || c == " " || c == "\t" || c == "\n"; }

template <typename Take>
void for_each_character(std::string_view text, Take take) {
  while (!text.empty()) {
    const auto length = character_length(text);
    take(text.substr(0, length));
    text.remove_prefix(length);
  }
}

std::size_t run_of(std::string_view text, char mark) {
  return std::min(text.find_first_not_of(mark), text.size());
}

}  // namespace

MarkdownPrinter::Block MarkdownPrinter::classify(std::string_view start, bool complete) {
  const auto rest = start.substr(std::min(start.find_first_not_of(' '), start.size()));
  if (start.size() > kMaxStart) return Block::text;
  if (rest.empty()) return complete ? Block::text : Block::undecided;
  const char c = rest.front();
  const auto n = run_of(rest, c);
  const bool all = n == rest.size();
  const auto open = complete ? Block::text : Block::undecided;
  if (c == '|') return Block::table;
  if (c == '>') return Block::quote;
  if (c == '`' || c == '~') return n >= 3 ? Block::fence : all ? open : Block::text;
  if (c == '#') {
    if (n > 6) return Block::text;
    return all ? open : rest[n] == ' ' ? Block::heading : Block::text;
  }
  if (c == '-' || c == '*' || c == '+' || c == '_') {
    if (all) return complete && n >= 3 && c != '+' ? Block::rule : open;
    return n == 1 && rest[1] == ' ' && c != '_' ? Block::bullet : Block::text;
  }
  if (std::isdigit(static_cast<unsigned char>(c)) != 0) {
    const auto digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
    if (digits > 4) return Block::text;
    if (digits == rest.size()) return open;
    if (rest[digits] != '.' && rest[digits] != ')') return Block::text;
    if (digits + 1 == rest.size()) return open;
    return rest[digits + 1] == ' ' ? Block::number : Block::text;
  }
  return Block::text;
}

std::string MarkdownPrinter::feed(std::string_view delta) {
  auto text = strip_controls(delta, true);
  if (look_.raw) return text;
  for_each_character(text, [this](std::string_view c) { character(c); });
  return std::exchange(out_, {});
}

void MarkdownPrinter::character(std::string_view c) {
  if (c == "\n") {
    end_line();
    return;
  }
  if (!at_start_) {
    line_character(c);
    return;
  }
  start_ += c;
  auto block = classify(start_, false);
  if (fence_ != 0) {
    // Within a code block only its end means something.
    const auto rest = trim(start_);
    const bool may_close = run_of(rest, fence_) == rest.size() && start_.size() <= kMaxStart;
    if (may_close) return;
    block = Block::text;
  }
  if (block != Block::undecided) begin_line(block);
}

void MarkdownPrinter::begin_line(Block block) {
  at_start_ = false;
  block_ = block;
  if (block == Block::table || block == Block::fence) return;  // the line is collected
  end_table();
  const auto start = std::exchange(start_, {});
  if (fence_ != 0) {
    out_ += "  " + start;
    return;
  }
  const auto spaces = std::min(start.find_first_not_of(' '), start.size());
  indent_ = std::min(static_cast<int>(spaces), kMaxIndent);
  const auto lead = start.substr(0, static_cast<std::size_t>(indent_));
  if (block == Block::heading) {
    indent_ = 0;
    style(kBold, start);
  } else if (block == Block::bullet) {
    out_ += lead + "• ";
    column_ = indent_ += 2;
  } else if (block == Block::number) {
    out_ += start;
    column_ = indent_ = static_cast<int>(start.size());
  } else if (block == Block::quote) {
    out_ += lead + "│";
    column_ = indent_ + 1;
  } else {
    out_ += lead;
    column_ = indent_;
    for_each_character(std::string_view(start).substr(lead.size()),
                       [this](std::string_view c) { in_line(c); });
  }
}

void MarkdownPrinter::line_character(std::string_view c) {
  if (block_ == Block::table || block_ == Block::fence) {
    start_ += c;
  } else if (fence_ != 0) {
    out_ += c;
  } else {
    in_line(c);
  }
}

void MarkdownPrinter::end_line() {
  if (at_start_) {
    const auto rest = trim(start_);
    if (fence_ != 0 && run_of(rest, fence_) == rest.size() && rest.size() >= 3) {
      fence_ = 0;
      if (look_.colour) out_ += kCodeOff;
      start_.clear();
      return;  // the mark itself is not shown
    }
    const auto block = fence_ != 0 ? Block::text : classify(start_, true);
    if (block == Block::rule) {
      end_table();
      start_.clear();
      for (int i = 0; i < (look_.columns > 0 ? std::min(look_.columns, kRule) : kRule); ++i)
        out_ += "─";
      out_ += '\n';
      return;
    }
    begin_line(block);
  }
  if (block_ == Block::table) {
    table_.push_back(std::exchange(start_, {}));
    at_start_ = true;
    return;
  }
  if (block_ == Block::fence) {
    end_table();
    fence_ = trim(start_).front();
    start_.clear();
    if (look_.colour) out_ += kCode;
    at_start_ = true;
    return;
  }
  if (fence_ == 0) {
    if (!link_.empty()) link("\n");
    marks("\n");
    if (code_) style(kCodeOff, "");
    if (slanted_ != 0) style(kSlantedOff, "");
    if (bold_ || block_ == Block::heading) style(kBoldOff, "");
    code_ = bold_ = escaped_ = false;
    slanted_ = 0;
    before_ = " ";
    word();
  }
  out_ += '\n';
  column_ = spaces_ = indent_ = 0;
  at_start_ = true;
  block_ = Block::text;
}

void MarkdownPrinter::in_line(std::string_view c) {
  if (!link_.empty()) {
    if (link(c)) return;
  }
  if (escaped_) {
    escaped_ = false;
    if (!std::ispunct(static_cast<unsigned char>(c.front()))) visible("\\");
    visible(c);
    return;
  }
  const bool mark = c == "`" || (!code_ && (c == "*" || c == "_"));
  if (mark && (marks_.empty() || marks_.front() == c.front())) {
    marks_ += c;
    return;
  }
  marks(c);
  if (mark) {
    marks_ = c;
  } else if (!code_ && c == "\\") {
    escaped_ = true;
  } else if (!code_ && c == "[") {
    link_ = c;
  } else {
    visible(c);
  }
}

// Decides the marks that are held, knowing what comes next.
void MarkdownPrinter::marks(std::string_view next) {
  if (escaped_ && next == "\n") visible("\\");
  if (marks_.empty()) return;
  const auto held = std::exchange(marks_, {});
  const char mark = held.front();
  if (mark == '`') {
    code_ = !code_;
    style(code_ ? kCode : kCodeOff, held);
    before_ = "`";
    return;
  }
  const bool opens = !is_space(next) && (mark == '*' || !is_word(before_));
  const bool closes = !is_space(before_) && (mark == '*' || !is_word(next));
  auto left = held.size();
  if (left >= 2 && (bold_ ? closes : opens)) {
    bold_ = !bold_;
    style(bold_ ? kBold : kBoldOff, held.substr(0, 2));
    left -= 2;
  }
  if (left == 1 && (slanted_ == mark ? closes : slanted_ == 0 && opens && !is_word(before_))) {
    slanted_ = slanted_ == mark ? '\0' : mark;
    style(slanted_ != 0 ? kSlanted : kSlantedOff, held.substr(0, 1));
    left -= 1;
  }
  for (; left > 0; --left) visible(held.substr(0, 1));
}

// Follows `[text](address)`. false: it was none, or has ended; the character is still to be taken.
bool MarkdownPrinter::link(std::string_view c) {
  const auto close = link_.find("](");
  const bool address = close != std::string::npos;
  const bool broken = c == "\n" || link_.size() > kMaxLink || (address && c == " ") ||
                      (!address && link_.ends_with(']') && c != "(");
  if (broken) {
    const auto text = std::exchange(link_, {});
    visible("[");
    for_each_character(std::string_view(text).substr(1),
                       [this](std::string_view one) { in_line(one); });
    return c == "\n";
  }
  link_ += c;
  if (!address || c != ")") return true;
  const auto whole = std::exchange(link_, {});
  const auto text = whole.substr(1, close - 1);
  const auto url = whole.substr(close + 2, whole.size() - close - 3);
  const auto show = [this](std::string_view words) {
    for_each_character(words, [this](std::string_view one) { visible(one); });
  };
  if (look_.colour) style(kLink, "");
  show(text.empty() ? url : text);
  if (look_.colour) style(kLinkOff, "");
  if (!text.empty() && text != url) show(" (" + url + ")");
  return true;
}

void MarkdownPrinter::visible(std::string_view c) {
  before_ = c;
  if (c == " " || c == "\t") {
    word();
    ++spaces_;
    return;
  }
  const int cells = cells_of_character(c);
  word_ += c;
  word_cells_ += cells;
  // Scripts without spaces break anywhere; what belongs to a letter stays with it.
  if (cells != 1 || look_.columns <= 0) word();
}

void MarkdownPrinter::style(const char* code, std::string_view mark) {
  if (look_.colour) {
    word_ += code;
  } else {
    word_ += mark;
    word_cells_ += static_cast<int>(mark.size());
  }
}

void MarkdownPrinter::word() {
  if (word_.empty()) return;
  if (look_.columns > 0 && word_cells_ > 0 && column_ > indent_ &&
      column_ + spaces_ + word_cells_ > look_.columns) {
    new_line();
  } else {
    out_.append(static_cast<std::size_t>(spaces_), ' ');
    column_ += spaces_;
  }
  spaces_ = 0;
  out_ += std::exchange(word_, {});
  column_ += std::exchange(word_cells_, 0);
}

void MarkdownPrinter::new_line() {
  out_ += '\n' + std::string(static_cast<std::size_t>(indent_), ' ');
  column_ = indent_;
  if (block_ != Block::quote) return;
  out_ += "│ ";
  column_ += 2;
}

void MarkdownPrinter::end_table() {
  if (!table_.empty()) out_ += table_text(std::exchange(table_, {}), look_.columns, look_.colour);
}

std::string MarkdownPrinter::finish() {
  if (look_.raw) return {};
  if (at_start_ && fence_ != 0) {
    start_.clear();  // most likely the beginning of its end
  } else if (at_start_ && !start_.empty()) {
    begin_line(classify(start_, true));
  }
  if (!at_start_ && block_ == Block::table) table_.push_back(std::exchange(start_, {}));
  end_table();
  if (!link_.empty()) link("\n");
  marks("\n");
  word();
  const bool styled = bold_ || code_ || slanted_ != 0 || fence_ != 0 || block_ == Block::heading;
  if (look_.colour && styled) out_ += "\x1b[0m";
  return std::exchange(out_, {});
}

}  // namespace carapace::app
