// Opens a secret that the configuration only refers to: `enc:v2:…` (secret/envelope.h),
// `keychain:[service/]account`, `file:/path`, and `exec:` with the words of a program that prints
// it.
// `${NAME}` is filled in when the file is read and is no matter of this. Whoever needs the secret
// asks when he needs it; the text of the reference is what everybody holds and writes back. Owned
// by the house, or by a command.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "async/stop.h"
#include "async/task.h"
#include "base/error.h"
#include "config/paths.h"
#include "secret/sealed.h"

namespace carapace::config {

class SecretOpener {
 public:
  // Asks the credential store of this machine; blocks, but ends soon once `stop` is requested.
  // not_found when it holds no such account.
  using Keychain = std::function<Result<secret::Sealed>(
      std::string_view service, std::string_view account, const std::stop_token& stop)>;

  // `environment`: HOME and PATH, the password of `enc:v2:` (CARAPACE_CONFIG_PASSWORD), and what
  // programs get (all of it but the gateway's own credentials). Without `keychain` every
  // `keychain:` is unavailable.
  explicit SecretOpener(Environment environment, Keychain keychain = {});
  ~SecretOpener();  // ends the programs that still run
  SecretOpener(const SecretOpener&) = delete;
  SecretOpener& operator=(const SecretOpener&) = delete;

  // Only asked where the rows say that a value is a secret: a port or a name is never a reference.
  static bool is_reference(std::string_view text);
  // It is encrypted and nobody gave the password: the value counts as absent, and nothing may write
  // another one over it.
  bool is_locked(std::string_view text) const;

  // The secret: one line of text without its end, at most 64 KiB. A text that is no reference is
  // the secret itself. Blocks for up to 30 s; any thread. `key` is the key path and opens each
  // message; messages name the program, file or account, never what came out of it.
  // invalid_request: not written as it should be, or what came out is empty, too much or not a
  // line. unauthorized: locked, or the wrong password. not_found: no such file, account or program.
  // forbidden, timeout, unavailable: as they say.
  Result<secret::Sealed> open_now(std::string_view text, std::string_view key = {});
  // The same on the loop: at once when it was opened before, else on threads of its own; several
  // that want one secret wait for one look. `stop` ends the wait at once with `cancelled`, and with
  // the last one who waits the program ends.
  Task<Result<secret::Sealed>> open(std::string text, std::string key, Stop stop = {});

  // Nothing more is opened that was not before, programs that still run are ended, and whoever
  // waits gets `cancelled` at once. For the end of the gateway. Any thread.
  void give_up();

  // What was opened is looked for again at the next use (a reload).
  void forget();
  void forget(std::string_view text);  // this one

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The words behind `exec:`: a JSON5 list of texts, or words between blanks, with '…' (as it stands)
// and "…" (where \ takes the next character as it is, as it does outside of quotes). No variables,
// no patterns, no shell. invalid_request: nothing, an open quote, a list of something else.
Result<std::vector<std::string>> program_words(std::string_view text);

}  // namespace carapace::config
