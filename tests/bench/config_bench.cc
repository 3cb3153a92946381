// What it costs to read a configuration: 1 MB in a main file and twenty includes, parsed, merged,
// with variables filled in and checked against all rows; and a small one, as `carapace config get`
// reads it. No secret is opened.
#include <benchmark/benchmark.h>

#include <optional>
#include <stdexcept>
#include <string>

#include "app/start/fields.h"
#include "config/config.h"
#include "config/read/cache.h"
#include "support/temp_dir.h"

namespace carapace::config {
namespace {

constexpr int kIncludes = 20;
constexpr std::size_t kTotal = 1UL << 20U;

std::string agent(int number) {
  return fmt::format(
      "    {{ // agent {0}\n      id: 'agent-{0}', name: 'Agent {0}', workspace: '~/agents/{0}',\n"
      "      model: {{primary: 'house/model-{0}', fallbacks: ['other/one', 'other/two']}},\n"
      "      identity: {{name: \"Agent {0}\", theme: 'calm', emoji: '🦀'}},\n"
      "      groupChat: {{mentionPatterns: ['@a{0}', 'agent {0}'], historyLimit: {0}}},\n"
      "      tools: {{allow: ['web_fetch', 'docs_search'], deny: ['exec'], elevated: {{enabled: "
      "false}}}},\n    }},\n",
      number);
}

std::string provider(int number) {
  return fmt::format(
      "    'house-{0}': {{\n      baseUrl: 'http://127.0.0.1:{0}/v1', apiKey: '${{HOUSE_KEY}}',\n"
      "      headers: {{'X-Team': 'team {0}'}},\n      models: [\n"
      "        {{id: 'm-{0}', name: 'Model {0}', reasoning: false, input: ['text'], cost: {{input: "
      "1, "
      "output: 2, cacheRead: 0.1, cacheWrite: 0}}, contextWindow: 200000, maxTokens: 8192}},\n"
      "      ],\n    }},\n",
      number);
}

class Files {
 public:
  Files() {
    std::string names;
    int number = 0;
    for (int i = 0; i < kIncludes; ++i) {
      const bool agents = i % 2 == 0;
      std::string text = agents ? "{agents: {list: [\n" : "{models: {providers: {\n";
      while (text.size() < kTotal / kIncludes)
        text += agents ? agent(++number) : provider(++number);
      test::write_text(dir_ / fmt::format("part-{}.json5", i), text + (agents ? "]}}" : "}}}"));
      names += fmt::format("'part-{}.json5', ", i);
    }
    test::write_text(dir_ / "large.json5",
                     "{$include: [" + names + "], gateway: {port: 18789, bind: 'loopback'}}");
    test::write_text(
        dir_ / "small.json5",
        "{gateway: {port: 18789}, models: {providers: {a: {apiKey: '${HOUSE_KEY}'}}}}");
  }
  std::string operator/(const char* name) const { return dir_ / name; }

 private:
  test::TempDir dir_;
};

const Files& files() {
  static const Files kFiles;
  return kFiles;
}

const Environment& environment() {
  static const Environment kEnvironment{{{"HOME", "/home/joe"}, {"HOUSE_KEY", "not-a-secret"}}};
  return kEnvironment;
}

void load(benchmark::State& state, const char* name) {
  const auto file = files() / name;
  std::size_t bytes = 0;
  for (auto _ : state) {
    std::optional found = inspect(file, app::schema(), environment());
    state.PauseTiming();  // whoever starts keeps it
    if (!found->config) throw std::runtime_error(found->error->detail);
    bytes = 0;
    for (const auto& part : found->document.files) bytes += part.text.size();
    found.reset();
    state.ResumeTiming();
  }
  state.counters["bytes"] = static_cast<double>(bytes);
}

void cached(benchmark::State& state, const char* name) {
  ReadCache cache(environment());
  const auto file = files() / name;
  for (auto _ : state) benchmark::DoNotOptimize(cache.inspect(file, app::schema(), environment()));
}

BENCHMARK_CAPTURE(load, large, "large.json5")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(load, small, "small.json5")->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(cached, large, "large.json5")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(cached, small, "small.json5")->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace carapace::config

BENCHMARK_MAIN();
