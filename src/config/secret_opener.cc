#include "config/secret_opener.h"

#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "async/coro.h"
#include "base/json.h"
#include "base/text.h"
#include "config/json5.h"
#include "fs/read_file.h"
#include "log/log.h"
#include "log/redact.h"
#include "process/program.h"
#include "process/run.h"
#include "secret/envelope.h"
#include "secret/looks.h"
#include "secret/opened.h"

namespace carapace::config {
namespace {

using secret::Sealed;
using std::string_view;

constexpr log::Log kLog{"secrets"};
constexpr std::size_t kMaxSecretBytes = 64UL << 10U;
constexpr std::size_t kMaxWords = 256;
constexpr std::chrono::seconds kDeadline{30};
constexpr std::chrono::milliseconds kGrace{100};  // it only prints something: nothing gets lost
constexpr string_view kService = "carapace";

constexpr string_view kFile = "file:";
constexpr string_view kExec = "exec:";
constexpr string_view kKeychain = "keychain:";

// What a program that prints somebody else's secret has no business with.
constexpr std::array<string_view, 3> kOwnSecrets{"CONFIG_PASSWORD", "GATEWAY_TOKEN",
                                                 "GATEWAY_PASSWORD"};
bool own_secret(string_view name) {
  return std::ranges::any_of(environment_prefixes(), [name](string_view prefix) {
    return name.starts_with(prefix) &&
           std::ranges::find(kOwnSecrets, name.substr(prefix.size())) != kOwnSecrets.end();
  });
}

// A variable of the `env` section may be sealed, or lie in the keyring. (`file:` and `exec:` stay:
// of variables they may be anything.)
bool is_sealed_variable(string_view name, string_view value) {
  return (secret::is_envelope(value) || value.starts_with(kKeychain)) && log::is_secret_name(name);
}

// The line in `text`, which is wiped. Whoever takes it puts it into a header or compares it with
// one, so nothing else may be in it.
Result<Sealed> one_line(std::string&& text, bool first_of_many) {
  auto end = first_of_many ? std::min(text.find('\n'), text.size()) : text.size();
  if (!first_of_many && end > 0 && text[end - 1] == '\n') --end;
  if (end > 0 && text[end - 1] == '\r') --end;
  string_view line(text.data(), end);
  const bool has_control = std::ranges::any_of(
      line, [](char c) { return (c >= 0 && c < ' ' && c != '\t') || c == 127; });
  const char* problem = trim(line).empty()              ? "is empty"
                        : line.contains('\n')           ? "has more than one line"
                        : has_control                   ? "holds control characters"
                        : !is_valid_utf8(line)          ? "is not UTF-8 text"
                        : line.size() > kMaxSecretBytes ? "is longer than 64 KiB"
                                                        : nullptr;
  if (problem) {
    secret::wipe(text);
    return fail(Errc::invalid_request, "{}", problem);
  }
  Sealed out{std::string(line)};
  secret::wipe(text);
  return out;
}

std::unexpected<Error> about(string_view what, const Error& error) {
  return std::unexpected(
      Error{error.code, fmt::format("{} {}", what, error.detail), error.retry_after_ms});
}

Result<Sealed> not_opened(string_view key, const Error& error) {
  if (key.empty()) return std::unexpected(error);
  return about(fmt::format("{} cannot be opened:", key), error);
}

void warn_when_open_to_all(const std::string& path) {
  struct stat info{};
  if (::stat(path.c_str(), &info) == 0 && (info.st_mode & (S_IROTH | S_IWOTH)) != 0)
    kLog.warn("everybody on this machine may read or change a file that holds a secret",
              {{"file", path}, {"mend", "chmod o= " + path}});
}

Result<Sealed> from_file(string_view rest, const Environment& environment) {
  if (rest.starts_with("///")) rest.remove_prefix(2);
  const auto path = expand_home(rest, environment);
  if (!path.starts_with('/'))
    return fail(Errc::invalid_request, "file: wants a path from the root or from ~/");
  // Secrets that a container gets are links into a folder that is swapped.
  auto text = fs::read_file(path, {.max_bytes = kMaxSecretBytes, .follow_links = true});
  if (!text) return std::unexpected(text.error());
  warn_when_open_to_all(path);
  auto line = one_line(std::move(*text), false);
  if (!line) return about("what " + path + " holds", line.error());
  return line;
}

void warn_when_open_to_change(const std::string& name, const Environment& environment) {
  const auto program =
      process::find_program(name, {"PATH=" + environment.get("PATH").value_or("")});
  struct stat info{};
  if (program && ::stat(program->c_str(), &info) == 0 && (info.st_mode & S_IWOTH) != 0)
    kLog.warn("everybody on this machine may change a program that gives a secret",
              {{"program", *program}, {"mend", "chmod o-w " + *program}});
}

Result<Sealed> from_program(string_view rest, const Environment& environment,
                            std::vector<std::string> variables, const std::stop_token& stop) {
  TRY(auto words, program_words(rest));
  words.front() = expand_home(words.front(), environment);
  const auto name = words.front();
  if (name.contains('/') && !name.starts_with('/'))
    return fail(Errc::invalid_request,
                "exec: wants a program's name, or its path from the root or from ~/");
  const auto home = environment.get("HOME").value_or("/");
  warn_when_open_to_change(name, environment);
  auto ran = process::run({.argv = std::move(words),
                           .environment = std::move(variables),
                           .folder = home.starts_with('/') ? home : "/",
                           .max_output_bytes = kMaxSecretBytes,
                           .deadline = kDeadline,
                           .grace = kGrace,
                           .stop = stop});
  if (!ran && ran.error().code == Errc::timeout)
    return fail(Errc::timeout, "{}; does it wait for somebody? Run it in a terminal to see",
                ran.error().detail);
  if (!ran) return std::unexpected(ran.error());
  secret::wipe(ran->error_tail);
  if (ran->exit_code != 0) {
    secret::wipe(ran->output);
    return fail(Errc::unavailable,
                "{} failed ({} {}); run it in a terminal to see why, its words are not shown "
                "because they may hold the secret",
                name, ran->signal != 0 ? "signal" : "exit code",
                ran->signal != 0 ? ran->signal : ran->exit_code);
  }
  auto line = one_line(std::move(ran->output), true);
  if (!line) return about("the first line that " + name + " printed", line.error());
  return line;
}

Result<Sealed> from_keychain(string_view rest, const SecretOpener::Keychain& keychain,
                             const std::stop_token& stop) {
  const auto slash = rest.find('/');
  const auto service = slash == string_view::npos ? kService : rest.substr(0, slash);
  const auto account = slash == string_view::npos ? rest : rest.substr(slash + 1);
  if (service.empty() || account.empty())
    return fail(Errc::invalid_request, "keychain: wants an account, or service/account");
  if (!keychain) return fail(Errc::unavailable, "there is no credential store here");
  auto found = keychain(service, account, stop);
  if (!found) return found;
  auto line = one_line(std::string(found->reveal()), false);
  if (!line)
    return about(fmt::format("what the credential store holds for {}", account), line.error());
  return line;
}

// One word from the front of `rest`; nullopt for a quote without its end.
std::optional<std::string> take_word(string_view& rest) {
  std::string word;
  char quote = 0;
  std::size_t at = 0;
  for (; at < rest.size(); ++at) {
    const char c = rest[at];
    if (quote == '\'' ? c == '\'' : quote == '"' && c == '"') {
      quote = 0;
    } else if (quote == 0 && (c == '\'' || c == '"')) {
      quote = c;
    } else if (quote != '\'' && c == '\\') {
      if (++at == rest.size()) return std::nullopt;
      word += rest[at];
    } else if (quote == 0 && (c == ' ' || c == '\t')) {
      break;
    } else {
      word += c;
    }
  }
  if (quote != 0) return std::nullopt;
  rest.remove_prefix(at);
  return word;
}

Result<std::vector<std::string>> words_of_list(string_view text) {
  const auto value = parse_json5(text, {.max_depth = 4, .max_bytes = kMaxSecretBytes});
  if (!value) return fail(Errc::invalid_request, "exec: holds no list: {}", value.error().detail);
  std::vector<std::string> words;
  const auto* items = value->if_array();
  for (const auto& item : items ? *items : json::array{}) {
    if (!item.is_string()) return fail(Errc::invalid_request, "exec: wants a list of texts");
    words.emplace_back(string_view(item.get_string()));
  }
  return words;
}

}  // namespace

Result<std::vector<std::string>> program_words(string_view text) {
  auto rest = trim(text);
  std::vector<std::string> words;
  if (rest.starts_with('[')) {
    TRY(words, words_of_list(rest));
  } else {
    while (!rest.empty() && words.size() <= kMaxWords) {
      auto word = take_word(rest);
      if (!word) return fail(Errc::invalid_request, "exec: has a quote or a \\ without its end");
      words.push_back(std::move(*word));
      rest = trim(rest);
    }
  }
  if (words.empty() || words.front().empty())
    return fail(Errc::invalid_request, "exec: names no program");
  if (words.size() > kMaxWords)
    return fail(Errc::invalid_request, "exec: has more than {} words", kMaxWords);
  return words;
}

namespace {

constexpr const char* kStopping = "the gateway is stopping";

}  // namespace

struct SecretOpener::Impl {
  Environment environment;
  Keychain keychain;
  secret::Envelopes envelopes;
  secret::Opened opened;
  std::stop_source stop;
  secret::Looks looks{opened, [this](const std::string& text, const std::stop_token& ends) {
                        return look(text, ends);
                      }};

  Impl(Environment from, Keychain store)
      : environment(std::move(from)),
        keychain(std::move(store)),
        envelopes(Sealed(environment.get("CARAPACE_CONFIG_PASSWORD").value_or(""))) {}

  Result<Sealed> look(string_view text, const std::stop_token& ends);
  std::vector<std::string> variables_of_programs();
};

Result<Sealed> SecretOpener::Impl::look(string_view text, const std::stop_token& ends) {
  if (stop.stop_requested()) return fail(Errc::cancelled, kStopping);
  if (secret::is_envelope(text)) return envelopes.open(text);
  if (text.starts_with(kFile)) return from_file(text.substr(kFile.size()), environment);
  if (text.starts_with(kExec))
    return from_program(text.substr(kExec.size()), environment, variables_of_programs(), ends);
  // A question to a keyring serves all of them and ends by itself: only the end of all ends it.
  return from_keychain(text.substr(kKeychain.size()), keychain, stop.get_token());
}

// One that cannot be opened is left out: most programs want another one.
std::vector<std::string> SecretOpener::Impl::variables_of_programs() {
  std::vector<std::string> out;
  for (const auto& [name, value] : environment.all()) {
    if (own_secret(name)) continue;
    if (!is_sealed_variable(name, value)) {
      out.push_back(name + "=" + value);
    } else if (const auto found =
                   opened.get(value, [&] { return look(value, stop.get_token()); })) {
      out.push_back(fmt::format("{}={}", name, found->reveal()));
    } else {
      kLog.warn("a program that gives a secret does not get a variable",
                {{"variable", name}, {"cause", found.error().detail}});
    }
  }
  return out;
}

SecretOpener::SecretOpener(Environment environment, Keychain keychain)
    : impl_(std::make_unique<Impl>(std::move(environment), std::move(keychain))) {}

SecretOpener::~SecretOpener() { give_up(); }

void SecretOpener::give_up() {
  impl_->stop.request_stop();
  impl_->looks.give_up();
}

bool SecretOpener::is_reference(string_view text) {
  return secret::is_envelope(text) || text.starts_with(kFile) || text.starts_with(kExec) ||
         text.starts_with(kKeychain);
}

bool SecretOpener::is_locked(string_view text) const {
  return secret::is_envelope(text) && impl_->envelopes.locked();
}

Result<Sealed> SecretOpener::open_now(string_view text, string_view key) {
  if (!is_reference(text)) return Sealed(std::string(text));
  auto found = impl_->opened.get(std::string(text),
                                 [&] { return impl_->look(text, impl_->stop.get_token()); });
  return found ? std::move(found) : not_opened(key, found.error());
}

Task<Result<Sealed>> SecretOpener::open(std::string text, std::string key, Stop stop) {
  if (!is_reference(text)) co_return Sealed(std::move(text));
  if (auto known = impl_->opened.known(text)) co_return std::move(*known);
  auto found = co_await impl_->looks.open(std::move(text), std::move(stop));
  if (!found) co_return not_opened(key, found.error());
  co_return found;
}

void SecretOpener::forget() { impl_->opened.forget(); }
void SecretOpener::forget(string_view text) { impl_->opened.forget(std::string(text)); }

}  // namespace carapace::config
