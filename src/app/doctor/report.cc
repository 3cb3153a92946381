#include "app/doctor/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "app/doctor/checks/versions.h"
#include "base/json.h"

namespace carapace::doctor {
namespace {

constexpr std::string_view kRed = "\x1b[31m";
constexpr std::string_view kYellow = "\x1b[33m";
constexpr std::string_view kGreen = "\x1b[32m";
constexpr std::string_view kDim = "\x1b[2m";
constexpr std::string_view kPlain = "\x1b[0m";

struct Paint {
  bool colour;
  std::string operator()(std::string_view how, std::string_view text) const {
    return colour ? fmt::format("{}{}{}", how, text, kPlain) : std::string(text);
  }
};

std::string_view colour_of(Severity severity) {
  if (severity == Severity::critical) return kRed;
  return severity == Severity::warn ? kYellow : kDim;
}

// Names of files come from the disk: what would drive a terminal is not passed on.
std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  return out;
}

// An error of several lines stays one, beneath its title.
std::string indented(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    out += fmt::format("      {}\n", printable(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

json::object as_json(const Finding& finding, std::string_view check) {
  return {{"checkId", finding.check_id},
          {"severity", name_of(finding.severity)},
          {"check", check},
          {"title", finding.title},
          {"detail", finding.detail},
          {"remediation", finding.remediation},
          {"fixable", finding.mend.kind != Mend::Kind::none}};
}

json::array as_json(const std::vector<std::string>& texts) {
  json::array out;
  for (const auto& text : texts) out.emplace_back(text);
  return out;
}

Findings worst_first(const Findings& findings) {
  Findings sorted;
  for (const auto severity : {Severity::critical, Severity::warn, Severity::info})
    std::ranges::copy_if(findings, std::back_inserter(sorted),
                         [severity](const Finding& one) { return one.severity == severity; });
  return sorted;
}

std::string plural(std::size_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

void add_finding(std::string& out, const Finding& finding, const Paint& paint) {
  out += fmt::format("    {} {}\n", paint(colour_of(finding.severity), name_of(finding.severity)),
                     printable(finding.title));
  out += indented(finding.detail);
  if (!finding.remediation.empty())
    out += fmt::format("      {} {}{}\n", paint(kDim, "mend:"), printable(finding.remediation),
                       finding.mend.kind == Mend::Kind::none ? "" : "   (--fix does it)");
  out += fmt::format("      {}\n", paint(kDim, finding.check_id));
}

void add_section(std::string& out, const Section& section, const Paint& paint) {
  const auto worst = std::ranges::max_element(section.findings, {}, &Finding::severity);
  const auto mark = worst == section.findings.end()     ? paint(kGreen, "ok")
                    : worst->severity == Severity::info ? paint(kGreen, "ok")
                    : worst->severity == Severity::warn ? paint(kYellow, "! ")
                                                        : paint(kRed, "x ");
  out += fmt::format("{}  {}\n", mark, section.check->title);
  for (const auto& finding : section.findings) add_finding(out, finding, paint);
}

std::string verdict(const Report& report, const Paint& paint) {
  const auto critical = report.count(Severity::critical);
  const auto warn = report.count(Severity::warn);
  const auto info = report.count(Severity::info);
  if (critical + warn + info == 0) return paint(kGreen, "Everything is as it should be.") + "\n";
  return fmt::format("{}, {}, {}\n",
                     paint(critical > 0 ? kRed : kDim, fmt::format("{} critical", critical)),
                     paint(warn > 0 ? kYellow : kDim, plural(warn, "warning", "warnings")),
                     paint(kDim, plural(info, "note", "notes")));
}

}  // namespace

std::size_t Report::count(Severity severity) const {
  std::size_t all = 0;
  for (const auto& section : sections)
    all += static_cast<std::size_t>(
        std::ranges::count(section.findings, severity, &Finding::severity));
  return all;
}

Report examine(const Ground& ground) {
  Report report{.ts_ms = ground.clock.wall_ms(), .versions = known_versions(ground)};
  for (const auto* check : all_checks()) {
    report.sections.push_back({check, worst_first(check->run(ground))});
  }
  return report;
}

std::string to_json(const Report& report) {
  json::array findings;
  json::array checks;
  for (const auto& section : report.sections) {
    for (const auto& finding : section.findings)
      findings.emplace_back(as_json(finding, section.check->id));
    checks.emplace_back(json::object{{"id", section.check->id},
                                     {"title", section.check->title},
                                     {"findings", section.findings.size()}});
  }
  json::object versions;
  for (const auto& [name, version] : report.versions) versions[name] = version;
  return dump_json(json::object{{"ts", report.ts_ms},
                                {"summary",
                                 {{"critical", report.count(Severity::critical)},
                                  {"warn", report.count(Severity::warn)},
                                  {"info", report.count(Severity::info)}}},
                                {"findings", std::move(findings)},
                                {"checks", std::move(checks)},
                                {"versions", std::move(versions)},
                                {"mended", as_json(report.mended)},
                                {"notMended", as_json(report.not_mended)}});
}

std::string to_text(const Report& report, bool colour) {
  const Paint paint{colour};
  std::string out;
  for (const auto& [name, version] : report.versions)
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", name, printable(version));
  out = paint(kDim, out) + "\n";
  for (const auto& done : report.mended)
    out += fmt::format("{} {}\n", paint(kGreen, "mended:"), printable(done));
  for (const auto& failed : report.not_mended)
    out += fmt::format("{} {}\n", paint(kRed, "not mended:"), printable(failed));
  for (const auto& section : report.sections) add_section(out, section, paint);
  return out + verdict(report, paint);
}

}  // namespace carapace::doctor
