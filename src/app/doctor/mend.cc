#include "app/doctor/mend.h"

#include <fmt/format.h>

#include "app/start/fields.h"
#include "app/version.h"
#include "base/json.h"
#include "base/random.h"
#include "config/key_path.h"
#include "config/write/writer.h"
#include "fs/directory.h"
#include "fs/keep_private.h"

namespace carapace::doctor {
namespace {

// A broken file comes back whole; a good one changes in one key.
Status write(const Mend& mend, const Ground& ground) {
  SystemRandom random;
  const config::Writer writer({.file = mend.path,
                               .state_dir = ground.paths.state_dir,
                               .schema = app::schema(),
                               .environment = ground.environment,
                               .version = app::kVersion,
                               .clock = ground.clock,
                               .random = random});
  const config::WriteRequest request{.by = "doctor"};
  if (mend.kind == Mend::Kind::roll_back) {
    const auto written = writer.roll_back(mend.number, request);
    return written ? Status() : std::unexpected(written.error().error);
  }
  TRY(const auto key, config::parse_key_path(mend.key));
  const auto written = writer.set(key, json::value(mend.value), request);
  return written ? Status() : std::unexpected(written.error().error);
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
    case Mend::Kind::set_key: {
      TRY_STATUS(write(mend, ground));
      return fmt::format("{} is {} now", mend.key, mend.value);
    }
    case Mend::Kind::roll_back: break;
  }
  if (!ask(fmt::format("Replace {} by entry {} of its history, the last good one?", mend.path,
                       mend.number)))
    return fail(Errc::cancelled, "{} was left as it is: nobody said yes (--yes does)", mend.path);
  TRY_STATUS(write(mend, ground));
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
