// doctor: what is wrong here, and the command that mends it.
#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "app/doctor/mend.h"
#include "app/doctor/report.h"
#include "app/terminal/line_reader.h"
#include "app/terminal/output.h"
#include "app/verbs/verbs.h"
#include "log/log.h"

namespace carapace::app {
namespace {

bool say_yes(const Options& options, const std::string& question) {
  if (options.yes) return true;
  if (options.json || !is_terminal(0) || !is_terminal(2)) return false;
  std::cerr << question << " [y/N] " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

// Mends, then looks again: what is told is how things are now.
Result<doctor::Report> mend_and_look(const Options& options, const config::Environment& environment,
                                     const Clock& clock, const doctor::Ground& ground,
                                     doctor::Report report) {
  doctor::mend(report, ground,
               [&options](const std::string& question) { return say_yes(options, question); });
  if (report.mended.empty()) return report;
  TRY(const auto after, doctor::look_around(options, environment, clock));
  auto second = doctor::examine(after);
  second.mended = std::move(report.mended);
  second.not_mended = std::move(report.not_mended);
  return second;
}

}  // namespace

int run_doctor(const Options& options, const config::Environment& environment) {
  // What is found is told once, as a finding.
  log::Settings quiet;
  quiet.console = log::Style::off;
  log::configure(quiet);
  const SystemClock clock;
  if (!options.offline && !options.json && is_terminal(2))
    print_error("looking; servers of models that do not answer take four seconds …");
  const auto ground = doctor::look_around(options, environment, clock);
  if (!ground) return report(ground.error(), options.json);
  Result<doctor::Report> found = doctor::examine(*ground);
  if (options.fix) found = mend_and_look(options, environment, clock, *ground, std::move(*found));
  if (!found) return report(found.error(), options.json);
  print_line(options.json
                 ? doctor::to_json(*found)
                 : doctor::to_text(*found, use_colour(1, environment.get("NO_COLOR").has_value())));
  return found->count(doctor::Severity::critical) == 0 ? kExitOk : kExitFailed;
}

}  // namespace carapace::app
