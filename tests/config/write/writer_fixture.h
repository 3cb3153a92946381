// A writer with a few rows and a file in a folder of its own, for the tests of writing.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/json.h"
#include "base/make_row.h"
#include "base/random.h"
#include "config/history.h"
#include "config/write/writer.h"
#include "secret/envelope.h"
#include "secret/hash.h"
#include "support/temp_dir.h"

namespace carapace::config {

using test::mode_of;
using test::read_text;
using test::TempDir;
using test::write_text;

constexpr FieldRow key(std::string_view path, FieldType type = FieldType::text) {
  return {.path = path, .type = type, .fallback = "", .description = "", .one_of = ""};
}
constexpr FieldRow secret_key(std::string_view path) {
  auto row = key(path);
  row.secret = true;
  return row;
}
constexpr FieldRow guarded_key(std::string_view path) {
  auto row = key(path);
  row.guarded = true;
  return row;
}
constexpr FieldRow port() {
  auto row = key("gateway.port", FieldType::integer);
  row.min = 1;
  row.max = 65535;
  return row;
}
constexpr FieldRow bind() {
  auto row = key("gateway.bind");
  row.one_of = "loopback|lan";
  return row;
}
constexpr FieldRow guarded_flag() {
  auto row = key("gateway.controlUi.allowInsecureAuth", FieldType::boolean);
  row.guarded = true;
  row.fallback = "false";
  return row;
}
inline constexpr FieldRow kRows[] = {
    port(),
    bind(),
    guarded_key("gateway.auth.mode"),
    guarded_flag(),
    secret_key("gateway.auth.token"),
    secret_key("hooks.token"),
    key("hooks.path"),
    key("ui.seamColor"),
    key("names", FieldType::text_list),
    key("models.providers", FieldType::map),
    guarded_key("models.providers.*.baseUrl"),
    secret_key("models.providers.*.apiKey"),
    key("models.providers.*.timeout", FieldType::integer),
    key("agents.defaults.model", FieldType::object),
    key("agents.list", FieldType::object_list),
    make_row::required(key("agents.list.*.id")),
    key("agents.list.*.name"),
    key("agents.defaults.model.primary"),
};

class StoppedClock final : public Clock {
 public:
  std::int64_t wall_ms() const override {
    if (meanwhile) meanwhile();
    return 1'700'000'000'000;
  }
  std::function<void()> meanwhile = {};  // between reading and writing
  std::int64_t steady_ms() const override { return 0; }
};

class WriterTest : public ::testing::Test {
 protected:
  Writer writer() {
    return Writer({.file = file_,
                   .state_dir = dir_.path(),
                   .schema = schema_,
                   .environment = Environment(environment_),
                   .version = "1.2.3",
                   .clock = clock_,
                   .random = random_,
                   .envelopes = envelopes_.get()});
  }
  static WriteRequest owner() { return {.by = "test"}; }
  WriteRequest remote() {
    return {.by = "test", .base_hash = hash(), .needs_hash = true, .hand = Hand::remote};
  }
  std::string hash() { return secret::sha256_hex(read_text(file_)); }
  // The file after the patch, or why not.
  std::string patch(std::string_view text) { return told(writer().patch(text, owner())); }
  std::string far_patch(std::string_view text) { return told(writer().patch(text, remote())); }
  std::string far_set(std::string_view text) { return told(writer().replace(text, remote())); }
  std::string told(const WriteResult& result) {
    if (result) return read_text(file_);
    std::string out = "refused: " + result.error().error.detail;
    for (const auto& issue : wire_issues(result.error().issues))
      out += fmt::format(" [{}: {}]", issue.path, issue.message);
    return out;
  }
  HistoryList history() { return History(dir_.path(), random_).list().value(); }

  TempDir dir_;
  std::string file_ = dir_ / "carapace.json5";
  Schema schema_{kRows};
  std::map<std::string, std::string, std::less<>> environment_{{"HOME", dir_.path()}};
  StoppedClock clock_;
  SystemRandom random_;
  std::unique_ptr<secret::Envelopes> envelopes_;
};

}  // namespace carapace::config
