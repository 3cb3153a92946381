// config import: takes over the configuration of another program of this protocol. Their files are
// only read. What they include is put into our one file: it was laid out for their folder, and ours
// confines includes to its own. Sessions and credentials of theirs are not part of this.
#include <fmt/format.h>

#include <filesystem>
#include <utility>

#include "app/terminal/output.h"
#include "app/verbs/config/actions.h"
#include "app/verbs/config/effect.h"
#include "app/verbs/config/findings.h"
#include "base/json.h"
#include "config/import/carry.h"
#include "config/import/find.h"

namespace carapace::app {
namespace {

bool says_anything(const config::Inspection& ours) {
  if (ours.document.problem) return true;
  const auto* object = ours.document.tree().if_object();
  if (object == nullptr) return false;
  for (const auto& member : *object)
    if (member.key() != "meta") return true;
  return false;
}

// What is there is somebody's work: nothing is written over it unasked.
Status check_target(const ConfigCall& call, const config::Inspection& ours,
                    const config::FoundConfiguration& from) {
  const auto& file = call.paths.config_file;
  std::error_code error;
  if (std::filesystem::equivalent(from.file, file, error))
    return fail(Errc::conflict,
                "{} is the configuration in use; it is read as it is, so there is nothing to "
                "import. carapace config validate says what this version does not use yet.",
                file);
  if (call.options.dry_run || call.options.merge || call.options.replace || !says_anything(ours))
    return {};
  return fail(Errc::conflict,
              "there is a configuration in {} already: --merge puts the imported keys into it, "
              "--replace puts them in its place (the history keeps it), --dry-run only looks",
              file);
}

config::WriteResult write_it(const ConfigCall& call, const config::Carried& carried,
                             const config::Inspection& ours) {
  const config::WriteRequest request{
      .by = "config import",
      .base_hash = ours.document.exists ? std::optional(ours.document.hash()) : std::nullopt,
      .needs_hash = true,
      .dry_run = call.options.dry_run,
      .keep_unknown = true};
  // Variables that are not set here are the affair of whoever starts the gateway.
  auto variables = call.environment.all();
  for (const auto& name : carried.variables) variables.emplace(name, "-");
  const config::Environment completed(std::move(variables));
  const ConfigCall with_variables{call.options, completed, call.paths, call.schema};
  return with_writer(with_variables, [&](const config::Writer& writer) {
    return call.options.merge ? writer.patch(carried.patch, request)
                              : writer.replace(carried.text, request);
  });
}

json::object json_of(const config::Carried& carried, const config::Written& written,
                     const ConfigCall& call) {
  auto out = config::to_json(carried).get_object();
  out["ok"] = true;
  out["file"] = written.file;
  out["written"] = written.changed && !call.options.dry_run;
  out["dryRun"] = call.options.dry_run;
  out["hash"] = written.hash;
  return out;
}

}  // namespace

int config_import(const ConfigCall& given) {
  // A file of theirs that is read where it lies, for want of one of ours, is not written to.
  auto paths = given.paths;
  if (paths.inherited) paths.config_file = paths.state_dir + "/carapace.json5";
  const ConfigCall call{given.options, given.environment, paths, given.schema};
  const auto from =
      config::find_configuration(config::expand_home(call.options.path, call.environment));
  if (!from) return report(from.error(), call.options.json);
  const auto ours = config::inspect(call.paths.config_file, call.schema, call.environment);
  if (const auto free = check_target(call, ours, *from); !free)
    return report(free.error(), call.options.json);
  const auto carried = config::carry_over(*from, call.schema, call.environment);
  if (!carried) return report(carried.error(), call.options.json);
  const auto written = write_it(call, *carried, ours);
  if (!written) {
    if (!call.options.json) print_line(config::to_text(*carried));
    return report(written.error(), ours, call.options.json);
  }
  for (const auto& warning : written->warnings) print_error("warning: " + warning);
  if (const auto problem = start_problem(
          call, inspect_text(written->text, call.paths.config_file, call.schema, call.environment)))
    print_error("warning: a gateway could not start with it yet: " + problem->detail);
  if (call.options.json) {
    auto out = json_of(*carried, *written, call);
    if (!call.options.dry_run) out["effect"] = to_json(effect_of(call, ours.config, *written));
    print_line(dump_json(out));
    return kExitOk;
  }
  print_line(config::to_text(*carried));
  if (call.options.dry_run) {
    print_line("Nothing was written.");
    return kExitOk;
  }
  print_line(fmt::format("{} {}.", written->changed ? "Written to" : "Nothing differs in",
                         call.paths.config_file));
  if (!written->changed) return kExitOk;
  auto effect = effect_of(call, ours.config, *written);
  effect.unused.clear();  // told above
  print_line(to_text(effect));
  return kExitOk;
}

}  // namespace carapace::app
