#include "config/read/fields.h"

#include <array>

#include "base/make_row.h"

namespace carapace::config {
namespace {

using namespace make_row;

// Variables often carry keys, so all of them are treated as secrets.
constexpr FieldRow variable(std::string_view path, std::string_view description) {
  auto row = secret(path, description);
  row.reload = Reload::hot;
  return row;
}

constexpr FieldRow note(FieldRow row) {
  row.reload = Reload::none;
  return row;
}

constexpr std::array kFields{
    note(text("$schema", "Address of a JSON Schema, for editors; nothing is fetched from there.")),
    variable("env.vars.*",
             "An environment variable for ${NAME} and for programs that are started; one that the "
             "process has already wins."),
    variable("env.*", "An environment variable, as in env.vars."),
    flag("env.shellEnv.enabled",
         "Does a start ask the login shell for variables that are wanted and missing?", "false"),
    whole("env.shellEnv.timeoutMs", 0, kMost, "Milliseconds that the shell may take; 0: 15 s."),
    note(text("meta.lastTouchedVersion", "The version that wrote the file last.")),
    note(text("meta.lastTouchedAt", "When the file was written last by a program.")),
    note(of(FieldType::any, "meta.*", "What programs note in the file for themselves.")),
    note(text("wizard.lastRunAt", "When a set-up ran last.")),
    note(text("wizard.lastRunVersion", "The version of the set-up that ran last.")),
    note(text("wizard.lastRunCommit", "The build of the set-up that ran last.")),
    note(text("wizard.lastRunCommand", "The command of the set-up that ran last.")),
    note(choice("wizard.lastRunMode", "local|remote", "The mode of the set-up that ran last.")),
    note(of(FieldType::any, "wizard.*", "What a set-up notes in the file for itself.")),
};

}  // namespace

std::span<const FieldRow> reading_fields() { return kFields; }

}  // namespace carapace::config
