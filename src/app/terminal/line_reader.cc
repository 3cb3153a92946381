#include "app/terminal/line_reader.h"

#include <fcntl.h>
#include <histedit.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <clocale>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <cwchar>
#include <iostream>
#include <utility>

namespace carapace::app {
namespace {

constexpr int kHistoryLines = 500;
constexpr std::size_t kMaxPaste = 4 << 20;  // characters
constexpr const char* kPasteOn = "\x1b[?2004h";
constexpr const char* kPasteOff = "\x1b[?2004l";
constexpr std::wstring_view kPasteEnd = L"\x1b[201~";

void print(const char* text) {
  std::fputs(text, stdout);
  std::fflush(stdout);
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
  std::string no_prompt;  // of an answer: the question stands there already
  std::string history_file;
  EditLine* editor = nullptr;
  History* history = nullptr;
  std::array<int, 2> waker{-1, -1};
  termios before{};
  bool answering = false;
  bool interrupted = false;
  bool woken = false;

  void open_editor();
  int next_byte(char& byte);
  int next_character(wchar_t& out);
  Line read_plain();
  Line read_edited();
  void keep(const std::string& line);
  void hush() const;
};

namespace {

LineReader::Impl* impl_of(EditLine* editor);

}  // namespace

// Standard input or the waker, whichever speaks first: 1 a byte, 0 the end or woken, -1 an error.
int LineReader::Impl::next_byte(char& byte) {
  for (;;) {
    std::array<pollfd, 2> waits{pollfd{STDIN_FILENO, POLLIN, 0}, pollfd{waker[0], POLLIN, 0}};
    if (::poll(waits.data(), waits.size(), -1) < 0) {
      if (errno == EINTR) continue;
      return -1;
    }
    if (waits[1].revents != 0) {
      char spent = 0;
      while (::read(waker[0], &spent, 1) == 1) {}
      woken = true;
      return 0;
    }
    const auto got = ::read(STDIN_FILENO, &byte, 1);
    if (got >= 0) return static_cast<int>(got);
    if (errno != EINTR && errno != EAGAIN) return -1;
  }
}

int LineReader::Impl::next_character(wchar_t& out) {
  std::mbstate_t state{};
  for (int length = 0; length < 8; ++length) {
    char byte = 0;
    if (const int got = next_byte(byte); got <= 0) return got;
    const auto used = std::mbrtowc(&out, &byte, 1, &state);
    if (used == static_cast<std::size_t>(-2)) continue;
    if (used == static_cast<std::size_t>(-1)) out = L'\xfffd';
    return 1;
  }
  out = L'\xfffd';
  return 1;
}

namespace {

LineReader::Impl* impl_of(EditLine* editor) {
  void* data = nullptr;
  ::el_get(editor, EL_CLIENTDATA, &data);
  return static_cast<LineReader::Impl*>(data);
}

char* prompt_of(EditLine* editor) {
  auto* impl = impl_of(editor);
  return (impl->answering ? impl->no_prompt : impl->prompt).data();
}

int character_of(EditLine* editor, wchar_t* out) { return impl_of(editor)->next_character(*out); }

unsigned char on_interrupt(EditLine* editor, int) {
  auto* impl = impl_of(editor);
  if (impl->answering) {
    impl->interrupted = true;
    return CC_EOF;
  }
  const auto* line = ::el_wline(editor);
  const auto length = static_cast<int>(line->lastchar - line->buffer);
  if (length > 0) {
    ::el_cursor(editor, length);
    ::el_deletestr(editor, length);
    return CC_REFRESH;
  }
  print("\n(Ctrl-D or /exit leaves; Ctrl-C stops an answer)\n");
  return CC_REDISPLAY;
}

unsigned char on_suspend(EditLine* editor, int) {
  print(kPasteOff);
  ::el_set(editor, EL_PREP_TERM, 0);
  ::kill(0, SIGTSTP);
  ::el_set(editor, EL_PREP_TERM, 1);
  print(kPasteOn);
  return CC_REDISPLAY;
}

// What a terminal sends between its paste marks goes into the line as it is, new lines included.
unsigned char on_paste(EditLine* editor, int) {
  auto* impl = impl_of(editor);
  std::wstring text;
  wchar_t next = 0;
  while (text.size() < kMaxPaste && impl->next_character(next) == 1) {
    text += next == L'\r' ? L'\n' : next;
    if (text.ends_with(kPasteEnd)) {
      text.resize(text.size() - kPasteEnd.size());
      break;
    }
  }
  std::wstring clean;
  for (const auto c : text)
    if (c == L'\n' || c == L'\t' || (c >= 0x20 && c != 0x7f && (c < 0x80 || c >= 0xa0))) clean += c;
  while (clean.ends_with(L'\n')) clean.pop_back();
  if (clean.empty()) return CC_REFRESH;
  return ::el_winsertstr(editor, clean.c_str()) == 0 ? CC_REFRESH : CC_ERROR;
}

unsigned char on_new_line(EditLine* editor, int) {
  return ::el_winsertstr(editor, L"\n") == 0 ? CC_REFRESH : CC_ERROR;
}

}  // namespace

void LineReader::Impl::open_editor() {
  use_wide_characters(prompt);
  editor = ::el_init("carapace", stdin, stdout, stderr);
  if (!editor) return;
  ::el_set(editor, EL_CLIENTDATA, this);
  ::el_set(editor, EL_PROMPT, &prompt_of);
  ::el_set(editor, EL_EDITOR, "emacs");
  ::el_set(editor, EL_SIGNAL, 0);
  ::el_set(editor, EL_GETCFN, &character_of);
  ::el_set(editor, EL_ADDFN, "chat-interrupt", "Empty the line", &on_interrupt);
  ::el_set(editor, EL_ADDFN, "chat-suspend", "Back to the shell", &on_suspend);
  ::el_set(editor, EL_ADDFN, "chat-paste", "Insert what was pasted", &on_paste);
  ::el_set(editor, EL_ADDFN, "chat-new-line", "Insert a new line", &on_new_line);
  // Ctrl-C is a key while a line is edited, and the usual signal at all other times.
  ::el_set(editor, EL_SETTY, "-d", "-isig", nullptr);
  ::el_set(editor, EL_BIND, "^C", "chat-interrupt", nullptr);
  ::el_set(editor, EL_BIND, "^Z", "chat-suspend", nullptr);
  ::el_set(editor, EL_BIND, "\\e[200~", "chat-paste", nullptr);
  ::el_set(editor, EL_BIND, "\\e^M", "chat-new-line", nullptr);
  ::el_set(editor, EL_BIND, "\\e^J", "chat-new-line", nullptr);
  history = ::history_init();
  HistEvent event;
  ::history(history, &event, H_SETSIZE, kHistoryLines);
  ::history(history, &event, H_SETUNIQUE, 1);
  ::el_set(editor, EL_HIST, ::history, history);
  if (!history_file.empty()) ::history(history, &event, H_LOAD, history_file.c_str());
}

// While nobody edits, what is typed ahead is kept for the next line and does not mix with an
// answer.
void LineReader::Impl::hush() const {
  termios quiet = before;
  quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON);
  ::tcsetattr(STDIN_FILENO, TCSADRAIN, &quiet);
}

// After each line: a chat that is killed has lost none.
void LineReader::Impl::keep(const std::string& line) {
  HistEvent event;
  ::history(history, &event, H_ENTER, line.c_str());
  if (history_file.empty()) return;
  const auto old_mask = ::umask(0077);
  ::history(history, &event, H_SAVE, history_file.c_str());
  ::umask(old_mask);
  ::chmod(history_file.c_str(), S_IRUSR | S_IWUSR);
}

Line LineReader::Impl::read_plain() {
  std::string line;
  char byte = 0;
  int got = 0;
  while ((got = next_byte(byte)) == 1 && byte != '\n') line += byte;
  if (std::exchange(woken, false)) return {Line::Kind::woken, {}};
  if (got != 1 && line.empty()) return {Line::Kind::end, {}};
  if (line.ends_with('\r')) line.pop_back();
  return {Line::Kind::text, std::move(line)};
}

Line LineReader::Impl::read_edited() {
  ::tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
  // Before the prompt is shown: what a person types at once must not meet a terminal that still
  // cooks it.
  ::el_set(editor, EL_PREP_TERM, 1);
  print(kPasteOn);
  int count = 0;
  const char* got = ::el_gets(editor, &count);
  std::string text = got && count > 0 ? std::string(got, static_cast<std::size_t>(count)) : "";
  print(kPasteOff);
  hush();
  if (std::exchange(woken, false)) return {Line::Kind::woken, {}};
  if (std::exchange(interrupted, false)) return {Line::Kind::interrupted, {}};
  if (text.empty()) {
    print("\n");
    return {Line::Kind::end, {}};
  }
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  if (!text.empty() && !answering) keep(text);
  return {Line::Kind::text, std::move(text)};
}

LineReader::LineReader(std::string prompt, std::string history_file)
    : impl_(std::make_unique<Impl>()) {
  impl_->prompt = std::move(prompt);
  impl_->history_file = std::move(history_file);
  if (::pipe2(impl_->waker.data(), O_CLOEXEC | O_NONBLOCK) != 0) impl_->waker = {-1, -1};
  if (!is_terminal(STDIN_FILENO) || !is_terminal(STDOUT_FILENO)) return;
  if (::tcgetattr(STDIN_FILENO, &impl_->before) == 0) impl_->open_editor();
}

LineReader::~LineReader() {
  if (impl_->history) ::history_end(impl_->history);
  if (impl_->editor) {
    ::el_end(impl_->editor);
    ::tcsetattr(STDIN_FILENO, TCSADRAIN, &impl_->before);
  }
  for (const int end : impl_->waker)
    if (end >= 0) ::close(end);
}

Line LineReader::read() {
  impl_->answering = false;
  return impl_->editor ? impl_->read_edited() : impl_->read_plain();
}

Line LineReader::answer() {
  impl_->answering = true;
  return impl_->editor ? impl_->read_edited() : impl_->read_plain();
}

void LineReader::wake() {
  const char byte = 1;
  // A full pipe has woken it already.
  if (::write(impl_->waker[1], &byte, 1) < 0) return;
}

namespace {

// A terminal that echoes nothing, also when a signal ends the question: whoever is interrupted gets
// his terminal back first. Signals wait meanwhile and are delivered, as anywhere else, when it is
// as it was.
class SilentTerminal {
 public:
  SilentTerminal() : known_(::tcgetattr(STDIN_FILENO, &before_) == 0) {
    if (!known_) return;
    sigset_t ours;
    ::sigemptyset(&ours);
    for (const int number : kSignals) ::sigaddset(&ours, number);
    ::pthread_sigmask(SIG_BLOCK, &ours, &mask_);
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ok_ = ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0;
  }
  SilentTerminal(const SilentTerminal&) = delete;
  SilentTerminal& operator=(const SilentTerminal&) = delete;
  ~SilentTerminal() {
    if (!known_) return;
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
    ::pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
  }
  bool ok() const { return ok_; }
  // False: a signal came first.
  bool wait() const {
    constexpr int kLookMs = 50;
    for (pollfd input{STDIN_FILENO, POLLIN, 0};;) {
      if (interrupted()) return false;
      if (const int ready = ::poll(&input, 1, kLookMs); ready > 0) return true;
    }
  }

 private:
  static constexpr std::array<int, 3> kSignals{SIGINT, SIGTERM, SIGHUP};

  bool interrupted() const {
    sigset_t waiting;
    if (::sigpending(&waiting) != 0) return false;
    for (const int number : kSignals)
      if (::sigismember(&waiting, number) == 1) return true;
    return false;
  }

  termios before_{};
  bool known_;
  bool ok_ = false;
  sigset_t mask_{};
};

}  // namespace

std::optional<std::string> read_secret(const std::string& prompt) {
  constexpr std::size_t kMaxBytes = 1UL << 20U;
  if (!is_terminal(STDIN_FILENO)) return std::nullopt;
  const SilentTerminal terminal;
  if (!terminal.ok()) return std::nullopt;
  // Only now: what is typed as soon as the question stands there must not be seen.
  std::fputs(prompt.c_str(), stderr);
  std::string line;
  char byte = 0;
  while (line.size() < kMaxBytes) {
    if (!terminal.wait()) return std::nullopt;
    if (::read(STDIN_FILENO, &byte, 1) != 1) {
      if (line.empty()) return std::nullopt;
      break;
    }
    if (byte == '\n') break;
    line.push_back(byte);
  }
  std::fputs("\n", stderr);
  return line;
}

bool is_terminal(int descriptor) { return ::isatty(descriptor) == 1; }

int terminal_columns() {
  winsize size{};
  return ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

}  // namespace carapace::app
