#include "app/start/fields.h"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <set>
#include <utility>

#include "base/json.h"
#include "base/text.h"
#include "config/config.h"
#include "config/defaults.h"
#include "config/explain/explain.h"
#include "config/json5.h"
#include "config/present/describe.h"
#include "config/present/schema_json.h"
#include "support/temp_dir.h"

namespace carapace::app {
namespace {

using config::parse_json5;
using config::parse_key_path;

// A tree in which one value stands at the path of a row; `*` is an index where the row around it is
// a list, else a name.
json::value tree_with(std::string_view path, json::value value) {
  const auto parts = split(path, '.');
  config::KeyPath above(parts.begin(), parts.end());
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    above.pop_back();
    const auto* around = schema().row(above);
    const bool list = *part == "*" && around != nullptr &&
                      (around->type == FieldType::list || around->type == FieldType::object_list);
    if (list) {
      value = json::array{std::move(value)};
    } else {
      value = json::object{{*part == "*" ? std::string_view("any") : *part, std::move(value)}};
    }
  }
  return value;
}

TEST(Fields, EveryRowIsWhole) {
  std::set<std::string_view> seen;
  for (const auto& row : schema().rows()) {
    EXPECT_TRUE(seen.insert(row.path).second || row.planned) << row.path << " stands twice";
    EXPECT_TRUE(row.description.ends_with('.') || row.description.ends_with('?')) << row.path;
    EXPECT_GE(row.description.size(), 6U) << row.path;
    EXPECT_LE(row.min, row.max) << row.path;
    EXPECT_FALSE(row.filled_in && (row.fallback.empty() || row.path.contains('*'))) << row.path;
    EXPECT_FALSE(row.fixed && (row.fallback.empty() || row.one_of.empty())) << row.path;
    if (!row.same_as.empty()) EXPECT_TRUE(schema().known(parse_key_path(row.same_as).value()));
    if (row.fallback.empty()) continue;
    // The default obeys its own row.
    const auto tree = tree_with(row.path, parse_json(row.fallback).value());
    EXPECT_TRUE(schema().validate(tree).empty()) << row.path << " " << dump_json(tree);
  }
  EXPECT_GT(seen.size(), 1000U);
}

// A key that a module uses must not stand among the planned ones too: one of both would lie.
TEST(Fields, NoPlannedRowHidesBehindOneInUse) {
  std::set<std::string_view> used;
  for (const auto& row : schema().rows()) {
    if (!row.planned) used.insert(row.path);
    EXPECT_FALSE(row.planned && used.contains(row.path)) << row.path;
  }
}

// Whoever reads the description alone must know what a number counts.
TEST(Fields, NumbersSayTheirUnit) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 14> kUnits{{
      {"Ms", "illisecond"},
      {"Seconds", "econd"},
      {"Sec", "econd"},
      {"Minutes", "inute"},
      {"Hours", "our"},
      {"Days", "ay"},
      {"Bytes", "ytes"},
      {"Mb", "egabyte"},
      {"Chars", "haracter"},
      {"Tokens", "oken"},
      {"_usd", "dollars"},
      {"Usd", "dollars"},
      {"_chars", "haracter"},
      {"_percent", "er cent"},
  }};
  for (const auto& row : schema().rows()) {
    if (row.type != FieldType::integer && row.type != FieldType::number) continue;
    for (const auto& [ending, word] : kUnits)
      if (row.path.ends_with(ending)) EXPECT_TRUE(row.description.contains(word)) << row.path;
  }
}

// A description stands alone in `config explain`, in a search and beside a field.
TEST(Fields, DescriptionsStandAlone) {
  for (const auto& row : schema().rows())
    for (const char* start :
         {"The same ", "For ", "With ", "Only ", "Even ", "In ", "To ", "Also "})
      EXPECT_FALSE(row.description.starts_with(start)) << row.path << ": " << row.description;
}

// What all agents do unless one of them says otherwise has its default once, where it holds.
TEST(Fields, DefaultsStandWhereTheyHold) {
  const auto fallback = [](const char* path) {
    return schema().fallback(parse_key_path(path).value());
  };
  EXPECT_EQ(fallback("agents.defaults.heartbeat.every"), json::value("30m"));
  EXPECT_EQ(fallback("agents.defaults.memorySearch.query.maxResults"), json::value(6));
  EXPECT_EQ(fallback("agents.defaults.sandbox.scope"), json::value("agent"));
  EXPECT_EQ(fallback("tools.exec.timeoutSec"), json::value(1800));
  EXPECT_EQ(fallback("session.reset.atHour"), json::value(4));
  EXPECT_EQ(fallback("tools.media.video.maxBytes"), json::value(52428800));
  for (const auto& row : schema().rows())
    EXPECT_FALSE(row.path.starts_with("agents.list.") && !row.fallback.empty()) << row.path;
}

// Where no row says more, names decide, also directly below a section that takes everything.
TEST(Fields, SecretsOfOtherPeoplesSectionsAreSeenByTheirNames) {
  for (const char* path : {"channels.line.channelAccessToken",
                           "channels.line.accounts.a.channelSecret",
                           "channels.nostr.privateKey",
                           "channels.matrix.recoveryKey",
                           "channels.irc.password",
                           "channels.zalo.botToken",
                           "telegram.botToken",
                           "telegram.webhookSecret",
                           "discord.botToken",
                           "slack.signingSecret",
                           "slack.userToken",
                           "matrix.accessToken",
                           "matrix.storePassphrase",
                           "msteams.appPassword",
                           "signal.password",
                           "identity.password",
                           "routing.token",
                           "credentials.any",
                           "cron.webhook",
                           "plugins.entries.p.config.apiKey",
                           "skills.entries.s.config.token"})
    EXPECT_TRUE(schema().is_secret(parse_key_path(path).value())) << path;
  for (const char* path : {"channels.line.name", "telegram.groups", "channels.irc.port"})
    EXPECT_FALSE(schema().is_secret(parse_key_path(path).value())) << path;
}

TEST(Fields, SecretsAreMarked) {
  for (const char* path : {"gateway.auth.token",
                           "gateway.auth.password",
                           "models.providers.x.apiKey",
                           "models.providers.x.headers.Any",
                           "hooks.token",
                           "gateway.hooks.token",
                           "anthropic.apiKey",
                           "openai.apiKey",
                           "google.apiKey",
                           "nearai.apiKey",
                           "venice.apiKey",
                           "ollama.apiKey",
                           "providers.ollama.apiKey",
                           "bedrock.accessKeyId",
                           "bedrock.secretAccessKey",
                           "bedrock.sessionToken",
                           "auth.profiles.providers.google.clientSecret",
                           "telegram.botToken",
                           "telegram.webhookSecret",
                           "discord.botToken",
                           "slack.botToken",
                           "slack.signingSecret",
                           "matrix.accessToken",
                           "matrix.password",
                           "matrix.storePassphrase",
                           "channels.telegram.botToken",
                           "channels.telegram.accounts.mine.botToken",
                           "channels.discord.token",
                           "channels.slack.accounts.a.appToken",
                           "channels.msteams.appPassword",
                           "channels.googlechat.serviceAccount.private_key",
                           "gateway.remote.token",
                           "talk.apiKey",
                           "skills.entries.s.apiKey",
                           "skills.entries.s.env.A",
                           "env.vars.ANYTHING",
                           "env.ANYTHING",
                           "tools.web.search.apiKey",
                           "messages.tts.elevenlabs.apiKey",
                           "agents.list[0].memorySearch.remote.apiKey",
                           "hooks.gmail.pushToken",
                           "cron.webhookToken"})
    EXPECT_TRUE(schema().is_secret(parse_key_path(path).value())) << path;
  for (const char* path :
       {"gateway.port", "gateway.auth.mode", "agents.defaults.contextTokens",
        "models.providers.x.models[0].maxTokens", "channels.telegram.tokenFile", "ui.seamColor",
        "agents.defaults.compaction.memoryFlush.softThresholdTokens"})
    EXPECT_FALSE(schema().is_secret(parse_key_path(path).value())) << path;
}

TEST(Fields, KeysOfOtherVersionsAreKnownAndChecked) {
  const auto good = parse_json5(R"({
    ui: {seamColor: '#123456', assistant: {name: 'Joe'}}, messages: {responsePrefix: '[x]'},
    channels: {telegram: {botToken: 't', allowFrom: [1, '2'], groups: {'*': {requireMention: true}}},
               discord: {accounts: {a: {token: 't', guilds: {g: {channels: {c: {allow: true}}}}}}},
               zalo: {whatever: [1]}},
    commands: {native: 'auto', nativeSkills: false}, cron: {enabled: true, sessionRetention: false},
    agents: {list: [{id: 'main', default: true, model: 'a/b', heartbeat: {every: '30m'}},
                    {id: 'x', model: {primary: 'a/b', fallbacks: []}, tools: {exec: {ask: 'always'}}}]},
    hooks: {enabled: true, path: '/hooks', token: 't', mappings: [{match: {path: 'p'}, action: 'wake'}]},
    gateway: {mode: 'local', http: {endpoints: {responses: {enabled: true}}}, remote: {url: 'ws://x'}},
    skills: {entries: {s: {enabled: false}}}, bindings: [{agentId: 'main', match: {channel: 'x'}}],
    broadcast: {strategy: 'parallel', '+43': ['main']}, browser: {profiles: {p: {cdpPort: 1}}},
    sessions: {retention: {days: 5}}, filesystem: {roots: ['/']}, classifier: {mode: 'warn'},
    routes: {fast: {model: 'a/b'}}, meta: {lastTouchedVersion: '1'}, wizard: {lastRunMode: 'local'},
    env: {vars: {A: 'b'}, C: 'd', shellEnv: {enabled: false}}, session: {dmScope: 'main'},
    auth: {profiles: {'anthropic:me': {provider: 'anthropic', mode: 'token'}}, order: {a: ['b']}},
  })");
  ASSERT_TRUE(good) << good.error().detail;
  for (const auto& issue : schema().validate(*good)) ADD_FAILURE() << to_text(issue);

  const auto bad = parse_json5(
      "{bogusKey: 1, ui: {seamColor: 'red'}, channels: {telegram: {botToken: 5}, myspace: {}},"
      " agents: {list: [{id: 1, bogus: 2}]}, commands: {native: 'maybe'}}");
  std::vector<std::string> wire;
  for (const auto& one : wire_issues(schema().validate(*bad)))
    wire.push_back(one.path + " " + one.message);
  EXPECT_EQ(wire, (std::vector<std::string>{
                      "ui.seamColor expected hex color (RRGGBB)",
                      "channels.telegram.botToken Invalid input: expected string, received number",
                      "channels Unrecognized key: \"myspace\"",
                      "agents.list.0.id Invalid input: expected string, received number",
                      "agents.list.0 Unrecognized key: \"bogus\"", "commands.native Invalid input",
                      " Unrecognized key: \"bogusKey\""}));
}

// Infrastructure specification B.18. What differs: controlUi.enabled (the browser app is served),
// timeoutSeconds (600, as the agent specification has it), and thinkingDefault and contextTokens,
// which follow the model and so are not written out.
TEST(Defaults, TheSevenSections) {
  const auto all = config::with_defaults(json::object(), schema());
  EXPECT_EQ(all, parse_json5(R"({
    gateway: {port: 18789, bind: 'loopback', reload: {mode: 'hybrid', debounceMs: 300},
              controlUi: {enabled: true, allowInsecureAuth: false}},
    agents: {defaults: {maxConcurrent: 4, timeoutSeconds: 600, verboseDefault: 'off',
             blockStreamingDefault: 'off', subagents: {maxConcurrent: 8, archiveAfterMinutes: 60},
             compaction: {mode: 'safeguard'}}},
    session: {scope: 'per-sender', dmScope: 'main', typingMode: 'thinking',
              typingIntervalSeconds: 3, mainKey: 'main'},
    logging: {level: 'info', consoleStyle: 'pretty', redactSensitive: 'tools'},
    cron: {enabled: false, maxConcurrentRuns: 2},
    hooks: {enabled: false, path: '/hooks', maxBodyBytes: 262144},
    messages: {ackReactionScope: 'group-mentions'},
  })")
                     .value())
      << dump_json(all);
  EXPECT_TRUE(schema().validate(all).empty());
}

TEST(Fields, EveryDefaultIsUnderstoodWhereItStands) {
  json::value tree = json::object();
  for (const auto& row : schema().rows()) {
    if (row.fallback.empty() || row.path.contains('*') || !row.same_as.empty()) continue;
    auto* at = &tree.as_object();
    const auto parts = split(row.path, '.');
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      auto& inner = (*at)[parts[i]];
      if (!inner.is_object()) inner = json::object();
      at = &inner.as_object();
    }
    (*at)[parts.back()] = parse_json(row.fallback).value();
  }
  config::apply_moves(tree, schema().moves());
  for (const auto& issue : schema().validate(tree))
    ADD_FAILURE() << issue.path << ": " << issue.message;
}

// Defaults that the specifications name and that nothing here reads yet.
TEST(Defaults, OfKeysThatAreOnlyKnown) {
  const auto fallback = [](std::string_view path) {
    return dump_json(schema().fallback(parse_key_path(path).value()));
  };
  EXPECT_EQ(fallback("hooks.mappings[0].action"), R"("agent")");
  EXPECT_EQ(fallback("hooks.mappings[0].wakeMode"), R"("now")");
  EXPECT_EQ(fallback("hooks.mappings[0].deliver"), "true");
  EXPECT_EQ(fallback("discovery.mode"), R"("off")");
  EXPECT_EQ(fallback("tools.media.concurrency"), "2");
  EXPECT_EQ(fallback("gateway.trustedProxies"), "[]");
  EXPECT_EQ(fallback("gateway.http.endpoints.responses.files.maxChars"), "200000");
  EXPECT_EQ(fallback("gateway.http.endpoints.responses.files.pdf.maxPages"), "4");
  for (const auto* path : {"agents.defaults.subagents.thinking",
                           "agents.list[0].subagents.thinking", "logging.redactPatterns"})
    EXPECT_NE(schema().row(parse_key_path(path).value()), nullptr) << path;
}

TEST(Defaults, TheUserWins) {
  const auto with = [](std::string_view text) {
    return config::with_defaults(parse_json5(text).value(), schema());
  };
  const auto tree = with(
      "{gateway: {port: 1, reload: {mode: 'off'}, trustedProxies: ['a']}, cron: null, hooks: 'odd',"
      " session: {mainKey: 'other', scope: null}, bogus: {x: [1]}}");
  EXPECT_EQ(tree.at("gateway").at("port"), 1);
  EXPECT_EQ(tree.at("gateway").at("reload").at("mode"), "off");
  EXPECT_EQ(tree.at("gateway").at("reload").at("debounceMs"), 300) << "leaf by leaf";
  EXPECT_EQ(tree.at("gateway").at("trustedProxies").as_array().size(), 1U);
  EXPECT_TRUE(tree.at("cron").is_null()) << "an explicit null stays";
  EXPECT_TRUE(tree.at("session").at("scope").is_null());
  EXPECT_EQ(tree.at("hooks"), "odd");
  EXPECT_EQ(tree.at("session").at("mainKey"), "main") << "whatever the file says";
  EXPECT_EQ(tree.at("bogus").at("x").at(0), 1);
  EXPECT_TRUE(with("[1]").is_object());
  const auto issues = schema().validate(parse_json5("{session: {mainKey: 'other'}}").value());
  ASSERT_EQ(issues.size(), 1U);
  EXPECT_EQ(issues.front().severity, config::Severity::warning);
  EXPECT_EQ(issues.front().path, "session.mainKey");
}

TEST(Describe, OneLine) {
  const auto line = [](std::string_view path) {
    return config::describe(*schema().row(parse_key_path(path).value()));
  };
  EXPECT_EQ(line("gateway.port"),
            "gateway.port: Port on which the gateway serves HTTP and WebSocket. (whole number from "
            "1 to 65535; default 18789; needs a restart)");
  EXPECT_EQ(line("cron.maxConcurrentRuns"),
            "cron.maxConcurrentRuns: Schedules that run side by side. (whole number from 1 up; "
            "default 2; changes nothing here yet)");
  EXPECT_EQ(line("ui.assistant.name"),
            "ui.assistant.name: What the assistant is called in the apps. (text of at most 50 "
            "characters; changes nothing here yet)");
  EXPECT_EQ(line("anthropic.apiKey"),
            "anthropic.apiKey: Key of the provider. (text; secret; another name of "
            "models.providers.anthropic.apiKey)");
  EXPECT_EQ(config::label_of("allowInsecureAuth"), "Allow insecure auth");
  EXPECT_EQ(config::label_of("daily_limit_usd"), "Daily limit USD");
  EXPECT_EQ(config::label_of("baseURL"), "Base URL");
  EXPECT_EQ(config::label_of("ttl"), "TTL");
  EXPECT_EQ(config::label_of("baseUrl"), "Base URL");
  EXPECT_EQ(config::label_of("apiKey"), "API key");
}

TEST(OlderSpellings, NameTheKeysOfTodayWithoutAFile) {
  const auto today = [](const char* key) {
    return config::to_text(config::name_of_today(config::parse_key_path(key).value(), schema()));
  };
  EXPECT_EQ(today("gateway.token"), "gateway.auth.token");
  EXPECT_EQ(today("agent.model"), "agents.defaults.model");
  EXPECT_EQ(today("gateway.nonsense"), "gateway.nonsense");
  for (const auto& row : schema().rows())
    if (config::in_use(row) && !row.path.contains('*'))
      EXPECT_EQ(today(std::string(row.path).c_str()), row.path);
}

// Files that are what the rows say. When one of these fails, write what the rows say to the file:
// CARAPACE_WRITE_EXAMPLE=1 does so.
void expect_file(const std::string& name, const std::string& text) {
  const auto file = std::string(CARAPACE_SOURCE_DIR "/") + name;
  if (::getenv("CARAPACE_WRITE_EXAMPLE") != nullptr) std::ofstream(file) << text;
  EXPECT_EQ(test::read_text(file), text) << name;
}

TEST(Example, FileIsUpToDate) {
  expect_file("config.example.json5", config::render_example(schema()));
}

TEST(Reference, FilesAreUpToDate) {
  expect_file("docs/reference/KEYS.md",
              "# Keys in use\n\nMade from the field rows: do not edit. `*` stands for any name or "
              "place in a list. What a key is for here and now; keys that are kept for files of "
              "other versions stand in [OTHER_KEYS.md](OTHER_KEYS.md).\n\n" +
                  config::render_reference(schema()));
  expect_file("docs/reference/OTHER_KEYS.md",
              "# Keys of other versions\n\nMade from the field rows: do not edit. These keys of "
              "clawdbot, moltbot, openclaw and the Rust Carapace are checked, shown and kept, and "
              "change nothing here yet; where it says \"another name of\", they count as that key "
              "does. The default is what the other version takes. Accounts of a channel "
              "(`channels.<channel>.accounts.<name>`) know the keys of their channel.\n\n" +
                  config::render_other_keys(schema()));
}

// What protocol 3 allows in a hint, and what forms have to know.
TEST(UiHints, AreWhole) {
  const auto hints = parse_json(config::ui_hints(schema())).value();
  const std::set<std::string_view> allowed{"label",    "help",      "group",       "order",
                                           "advanced", "sensitive", "placeholder", "itemTemplate"};
  for (const auto& [path, hint] : hints.as_object()) {
    for (const auto& field : hint.as_object()) EXPECT_TRUE(allowed.contains(field.key())) << path;
    EXPECT_FALSE(hint.at("label").as_string().empty()) << path;
    EXPECT_TRUE(hint.at("order").is_int64() || hint.at("order").is_uint64()) << path;
  }
  for (const auto& row : schema().rows()) {
    if (row.path.contains(".accounts.*.")) continue;
    ASSERT_TRUE(hints.as_object().contains(row.path)) << row.path;
    const auto& hint = hints.at(row.path).as_object();
    EXPECT_EQ(hint.contains("sensitive"), row.secret) << row.path;
    EXPECT_EQ(hint.contains("advanced"), !config::in_use(row)) << row.path;
  }
  EXPECT_EQ(hints.at("gateway").at("label"), "Gateway");
  EXPECT_EQ(hints.at("gateway.auth.token").at("placeholder"), "${NAME}");
  EXPECT_EQ(hints.at("gateway.port").at("group"), "Gateway");
}

TEST(JsonSchema, SaysWhatTheRowsSay) {
  const auto tree = parse_json(config::json_schema(schema())).value();
  const auto& gateway = tree.at("properties").at("gateway").at("properties");
  EXPECT_EQ(gateway.at("port").at("type"), "integer");
  EXPECT_EQ(gateway.at("port").at("maximum"), 65535);
  EXPECT_EQ(gateway.at("port").at("default"), 18789);
  EXPECT_EQ(gateway.at("auth").at("properties").at("mode").at("enum").as_array().size(), 3U);
  EXPECT_EQ(tree.at("additionalProperties"), false);
  EXPECT_EQ(gateway.at("port").at("x-reload"), "restart");
  EXPECT_FALSE(gateway.at("port").as_object().contains("x-guarded"));
  EXPECT_EQ(gateway.at("auth").at("properties").at("mode").at("x-guarded"), true) << "around it";
  EXPECT_EQ(tree.at("properties").at("ui").at("properties").at("seamColor").at("x-reload"),
            "planned");
  const auto& providers = tree.at("properties").at("models").at("properties").at("providers");
  EXPECT_EQ(providers.at("additionalProperties").at("properties").at("models").at("type"), "array");
}

TEST(Example, MeansAllDefaultsAsItIs) {
  const auto config = config::Config::from_text(config::render_example(schema()), "example",
                                                schema(), config::Environment{});
  ASSERT_TRUE(config) << config.error().detail;
  EXPECT_TRUE(config->warnings().empty());
  for (const auto& row : schema().rows())
    if (!row.path.contains('*') && row.type != FieldType::object)
      EXPECT_FALSE(config->has(row.path)) << row.path;
  EXPECT_EQ(config->value("models.providers.x"), nullptr);
}

// With the comment marks of its keys removed the example is still valid, and every key is there.
TEST(Example, ComesAliveWhenUncommented) {
  std::string alive;
  const auto example = config::render_example(schema());
  for (const auto line : split(example, '\n')) {
    const auto code = trim(line);
    const bool prose = code.starts_with("// //") ||
                       (code.starts_with("// ") && !code.ends_with(",") && !code.ends_with("{"));
    alive += std::string(code.starts_with("// ") && !prose ? code.substr(3) : line) + "\n";
  }
  alive = replace_all(alive, "mode: \"\"", "mode: \"token\"");
  alive = replace_all(alive, "consoleLevel: \"\"", "consoleLevel: \"info\"");
  alive = replace_all(alive, "thinkingDefault: \"\"", "thinkingDefault: \"low\"");
  alive = replace_all(alive, "contextTokens: 0", "contextTokens: 5000");
  alive = replace_all(alive, "maxTokensField: \"\"", "maxTokensField: \"max_tokens\"");
  const auto config = config::Config::from_text(alive, "example", schema(), config::Environment{});
  ASSERT_TRUE(config) << config.error().detail << "\n" << alive;
  EXPECT_TRUE(config->warnings().empty());
  EXPECT_TRUE(config->has("gateway.port"));
  EXPECT_TRUE(config->has("models.providers[\"my-provider\"].models[0].cost.cacheWrite")) << alive;
}

}  // namespace
}  // namespace carapace::app
