#include "app/terminal/line_reader.h"

#include <histedit.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <utility>

namespace carapace::app {
namespace {

constexpr int kHistoryLines = 500;

char* prompt_of(EditLine* editor) {
  void* data = nullptr;
  ::el_get(editor, EL_CLIENTDATA, &data);
  return static_cast<std::string*>(data)->data();
}

// The editor turns bytes into characters by the locale, and ends the process over a prompt that it
// cannot read.
void use_wide_characters(std::string& prompt) {
  if (!std::setlocale(LC_CTYPE, "") || MB_CUR_MAX == 1) std::setlocale(LC_CTYPE, "C.UTF-8");
  if (std::mbstowcs(nullptr, prompt.c_str(), 0) == static_cast<std::size_t>(-1)) prompt = "> ";
}

}  // namespace

struct LineReader::Impl {
  std::string prompt;
  std::string history_file;
  EditLine* editor = nullptr;
  History* history = nullptr;
};

LineReader::LineReader(std::string prompt, std::string history_file)
    : impl_(std::make_unique<Impl>()) {
  impl_->prompt = std::move(prompt);
  impl_->history_file = std::move(history_file);
  if (!is_terminal(STDIN_FILENO) || !is_terminal(STDOUT_FILENO)) return;
  use_wide_characters(impl_->prompt);
  impl_->editor = ::el_init("carapace", stdin, stdout, stderr);
  if (!impl_->editor) return;
  ::el_set(impl_->editor, EL_CLIENTDATA, &impl_->prompt);
  ::el_set(impl_->editor, EL_PROMPT, &prompt_of);
  ::el_set(impl_->editor, EL_EDITOR, "emacs");
  ::el_set(impl_->editor, EL_SIGNAL, 0);
  impl_->history = ::history_init();
  HistEvent event;
  ::history(impl_->history, &event, H_SETSIZE, kHistoryLines);
  ::history(impl_->history, &event, H_SETUNIQUE, 1);
  ::el_set(impl_->editor, EL_HIST, ::history, impl_->history);
  if (!impl_->history_file.empty())
    ::history(impl_->history, &event, H_LOAD, impl_->history_file.c_str());
}

LineReader::~LineReader() {
  if (impl_->history) {
    if (!impl_->history_file.empty()) {
      HistEvent event;
      const auto old_mask = ::umask(0077);
      ::history(impl_->history, &event, H_SAVE, impl_->history_file.c_str());
      ::umask(old_mask);
    }
    ::history_end(impl_->history);
  }
  if (impl_->editor) ::el_end(impl_->editor);
}

std::optional<std::string> LineReader::read() {
  if (!impl_->editor) {
    std::string line;
    if (!std::getline(std::cin, line)) return std::nullopt;
    return line;
  }
  // Before the prompt is shown: what a person types at once must not meet a terminal that still
  // cooks it.
  ::el_set(impl_->editor, EL_PREP_TERM, 1);
  int count = 0;
  const char* line = ::el_gets(impl_->editor, &count);
  if (!line || count <= 0) return std::nullopt;
  std::string text(line, static_cast<std::size_t>(count));
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  if (!text.empty()) {
    HistEvent event;
    ::history(impl_->history, &event, H_ENTER, text.c_str());
  }
  return text;
}

std::optional<std::string> read_secret(const std::string& prompt) {
  if (!is_terminal(STDIN_FILENO)) return std::nullopt;
  termios before{};
  if (::tcgetattr(STDIN_FILENO, &before) != 0) return std::nullopt;
  termios silent = before;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  std::fputs(prompt.c_str(), stderr);
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  std::string line;
  const bool got = static_cast<bool>(std::getline(std::cin, line));
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
  std::fputs("\n", stderr);
  return got ? std::optional(line) : std::nullopt;
}

bool is_terminal(int descriptor) { return ::isatty(descriptor) == 1; }

}  // namespace carapace::app
