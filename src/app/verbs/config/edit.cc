// config edit: the file in the person's editor. The editor gets a private copy (0600, in a folder
// that only the owner may enter) that shows the file as it is, secrets too: this is the owner's own
// machine, and a copy with holes could not be saved back. What is saved has been checked; a copy
// that is not valid stays, and its name is told.
#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <utility>

#include "app/doctor/finding.h"
#include "app/terminal/line_reader.h"
#include "app/terminal/output.h"
#include "app/verbs/config/actions.h"
#include "app/verbs/config/editor_words.h"
#include "app/verbs/config/effect.h"
#include "app/verbs/config/findings.h"
#include "base/json.h"
#include "base/random.h"
#include "base/text.h"
#include "fs/atomic_write.h"
#include "fs/directory.h"
#include "fs/io_error.h"
#include "fs/read_file.h"
#include "process/foreground.h"

namespace carapace::app {
namespace {

constexpr std::size_t kMaxCopyBytes = 4UL << 20U;

// The folder of one edit, with the copy in it; what an editor leaves beside goes with it.
class Copy {
 public:
  static Result<Copy> make(const ConfigCall& call, const std::string& text) {
    SystemRandom random;
    auto folder = fmt::format("{}/edit/{}", call.paths.state_dir, uuid_v4(random));
    if (const auto made = fs::ensure_dir(folder); !made) {
      // The configuration may be writable where the state is not.
      folder = fmt::format("{}/carapace-edit-{}", std::filesystem::temp_directory_path().string(),
                           uuid_v4(random));
      TRY_STATUS(fs::ensure_dir(folder));
    }
    Copy copy(folder, folder + "/" + fs::name_of(call.paths.config_file));
    TRY_STATUS(fs::atomic_write(copy.file(), text));
    return copy;
  }
  Copy(Copy&& other) noexcept
      : folder_(std::exchange(other.folder_, "")), file_(std::move(other.file_)) {}
  Copy& operator=(Copy&&) = delete;
  ~Copy() {
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
  }

  const std::string& file() const { return file_; }
  void keep() { folder_.clear(); }

 private:
  Copy(std::string folder, std::string file) : folder_(std::move(folder)), file_(std::move(file)) {}
  std::string folder_;
  std::string file_;
};

std::vector<std::string> all_variables(const config::Environment& environment) {
  std::vector<std::string> out;
  for (const auto& [name, value] : environment.all()) out.push_back(name + "=" + value);
  return out;
}

Result<std::vector<std::string>> editor_of(const config::Environment& environment) {
  for (const auto* name : {"VISUAL", "EDITOR"}) {
    const auto command = environment.get(name);
    if (!command) continue;
    auto words = editor_words(*command);
    if (!words) return fail(Errc::invalid_request, "{}: {}", name, words.error().detail);
    if (!words->empty()) return words;
  }
  return std::vector<std::string>{"vi"};
}

Status run_editor(const ConfigCall& call, const Copy& copy) {
  TRY(auto words, editor_of(call.environment));
  words.push_back(copy.file());
  const auto ended = process::run_in_foreground(words, all_variables(call.environment));
  if (!ended)
    return fail(ended.error().code, "{}\nSet EDITOR to the editor that you use.",
                ended.error().detail);
  if (ended->signal != 0)
    return fail(Errc::cancelled, "the editor was ended by signal {}; nothing was changed",
                ended->signal);
  if (ended->exit_code != 0)
    return fail(Errc::cancelled, "the editor ended with {}; nothing was changed", ended->exit_code);
  return {};
}

bool again() {
  if (!is_terminal(0) || !is_terminal(2)) return false;
  std::fputs("edit again? [Y/n] ", stderr);
  LineReader reader("", "");
  const auto line = reader.answer();
  return line.kind == Line::Kind::text &&
         (line.text.empty() || line.text[0] == 'y' || line.text[0] == 'Y');
}

struct Saved {
  std::optional<config::Written> written;  // absent: nothing was changed
};

std::unexpected<Error> kept(Copy& copy, Errc code, std::string_view why) {
  copy.keep();
  return fail(code,
              "{}{}nothing was changed; your copy is {}\ncarapace config edit {} goes on with it",
              why, why.empty() ? "" : "\n", copy.file(), doctor::shell_word(copy.file()));
}

config::WriteResult save(const ConfigCall& call, const std::string& text,
                         const config::Inspection& before) {
  const auto& document = before.document;
  return checked_write(
      call, before,
      {.by = "config edit",
       .base_hash = document.exists ? std::optional(document.hash()) : std::nullopt,
       .needs_hash = true},
      [&](const config::Writer& writer, const config::WriteRequest& request) {
        return writer.replace(text, request);
      });
}

// Runs the editor until the copy is saved, the person gives up, or nothing was changed.
Result<Saved> edit_and_save(const ConfigCall& call, const config::Inspection& before, Copy& copy) {
  while (true) {
    if (const auto ran = run_editor(call, copy); !ran) {
      const auto now = fs::read_file(copy.file(), {.max_bytes = kMaxCopyBytes});
      if (now && *now != before.document.text)
        return kept(copy, ran.error().code, ran.error().detail);
      return std::unexpected(ran.error());
    }
    const auto text =
        fs::read_file(copy.file(), {.max_bytes = kMaxCopyBytes, .follow_links = true});
    if (!text && text.error().code == Errc::not_found)
      return fail(Errc::cancelled, "the editor took the copy away; nothing was changed");
    if (!text) return kept(copy, text.error().code, text.error().detail);
    if (*text == before.document.text) return Saved{};
    if (trim(*text).empty()) {
      print_error("an empty file is no configuration; {} stands for all defaults");
      if (again()) continue;
      return std::unexpected(Error{Errc::invalid_request, "nothing was changed"});
    }
    const auto found = inspect_text(*text, call.paths.config_file, call.schema, call.environment);
    print_issues(found);
    if (found.valid()) {
      auto written = save(call, *text, before);
      if (written) return Saved{std::move(*written)};
      const auto& refusal = written.error();
      if (refusal.why != config::Refused::invalid)
        return kept(copy, refusal.error.code,
                    refusal.why == config::Refused::stale
                        ? "somebody else changed the file meanwhile"
                        : std::string_view(refusal.error.detail));
      print_error(refusal.error.detail);
      for (const auto& issue : refusal.issues)
        print_error("error: " + line_of(issue, found.document));
    }
    if (!again()) return kept(copy, Errc::invalid_request, "");
  }
}

// The file as it is, or the copy that an earlier edit left.
Result<std::string> first_text(const ConfigCall& call, const config::Inspection& before) {
  if (call.options.path.empty()) return before.document.text;
  return fs::read_file(call.options.path, {.max_bytes = kMaxCopyBytes, .follow_links = true});
}

// A copy of ours that has done its work goes; any other file stays.
void forget_kept(const ConfigCall& call) {
  if (call.options.path.empty()) return;
  namespace files = std::filesystem;
  std::error_code error;
  const auto folder = files::canonical(call.options.path, error).parent_path();
  if (!error && files::equivalent(folder.parent_path(), call.paths.state_dir + "/edit", error))
    files::remove_all(folder, error);
}

}  // namespace

int config_edit(const ConfigCall& call) {
  const auto before = config::inspect(call.paths.config_file, call.schema, call.environment);
  const auto& problem = before.document.problem;
  // A file that does not parse is what an editor is for; one that cannot be read is not.
  if (problem && problem->failure == config::ReadFailure::read_error && problem->path.empty())
    return report(*before.error, call.options.json);
  const auto start = first_text(call, before);
  if (!start) return report(start.error(), call.options.json);
  auto copy = Copy::make(call, *start);
  if (!copy) return report(copy.error(), call.options.json);
  const auto saved = edit_and_save(call, before, *copy);
  if (!saved) return report(saved.error(), call.options.json);
  forget_kept(call);
  if (saved->written)
    return report_written(call, fmt::format("{} is saved.", call.paths.config_file),
                          *saved->written, before);
  print_line(call.options.json ? R"({"ok":true,"changed":false})" : "Nothing changed.");
  return kExitOk;
}

}  // namespace carapace::app
