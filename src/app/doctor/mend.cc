#include "app/doctor/mend.h"

#include <fmt/format.h>

#include "app/start/fields.h"
#include "app/version.h"
#include "base/random.h"
#include "config/write/writer.h"
#include "fs/directory.h"
#include "fs/keep_private.h"

namespace carapace::doctor {
namespace {

Status roll_back(const Mend& mend, const Ground& ground) {
  SystemRandom random;
  const config::Writer writer({.file = mend.path,
                               .state_dir = ground.paths.state_dir,
                               .schema = app::schema(),
                               .environment = ground.environment,
                               .version = app::kVersion,
                               .clock = ground.clock,
                               .random = random});
  const auto written = writer.roll_back(mend.number, {.by = "doctor"});
  if (!written) return std::unexpected(written.error().error);
  return {};
}

// Empty: nothing was to be done.
Result<std::string> mend_one(const Mend& mend, const Ground& ground, const Ask& ask) {
  switch (mend.kind) {
    case Mend::Kind::none: return std::string();
    case Mend::Kind::keep_private: {
      TRY_STATUS(fs::keep_to_owner(mend.path));
      return fmt::format("{} is now for its owner alone", mend.path);
    }
    case Mend::Kind::make_folder: {
      TRY_STATUS(fs::ensure_dir(mend.path));
      return fmt::format("{} was made", mend.path);
    }
    case Mend::Kind::roll_back: break;
  }
  if (!ask(fmt::format("Replace {} by entry {} of its history, the last good one?", mend.path,
                       mend.number)))
    return fail(Errc::cancelled, "{} was left as it is: nobody said yes (--yes does)", mend.path);
  TRY_STATUS(roll_back(mend, ground));
  return fmt::format("{} is entry {} of its history again; what stood there is kept in the history",
                     mend.path, mend.number);
}

}  // namespace

void mend(Report& report, const Ground& ground, const Ask& ask) {
  for (const auto& section : report.sections) {
    for (const auto& finding : section.findings) {
      const auto done = mend_one(finding.mend, ground, ask);
      if (!done) {
        report.not_mended.push_back(done.error().detail);
      } else if (!done->empty()) {
        report.mended.push_back(*done);
      }
    }
  }
}

}  // namespace carapace::doctor
