#include "provider/catalogue.h"
#include "provider/catalogue/base_url.h"

#include <gtest/gtest.h>

#include <array>
#include <map>

namespace carapace::provider {
namespace {

constexpr std::array<std::string_view, 2> kAlphaKeys{"ALPHA_TOKEN", "ALPHA_KEY"};
constexpr std::array<std::string_view, 1> kBetaKeys{"BETA_KEY"};
constexpr std::array kAlphaModels{ModelRow{.id = "a-1",
                                           .name = "A One",
                                           .context_window = 1'000'000,
                                           .max_output = 64'000,
                                           .reasoning = true,
                                           .images = true,
                                           .price = {.input = 3, .output = 15, .known = true}},
                                  ModelRow{.id = "a-2"}};
constexpr Spec kAlpha{.id = "alpha",
                      .label = "Alpha",
                      .api = "wire-a",
                      .base_url = "https://alpha.example",
                      .env_keys = kAlphaKeys,
                      .env_base_url = "ALPHA_BASE",
                      .models = kAlphaModels,
                      .default_model = "a-1"};
constexpr Spec kBeta{.id = "beta",
                     .label = "Beta",
                     .api = "wire-b",
                     .base_url = "https://beta.example/v1",
                     .env_keys = kBetaKeys,
                     .default_model = "b-1",
                     .quirks = {.max_tokens_field = "max_tokens"}};
constexpr Spec kGeneric{.id = "any",
                        .label = "Any",
                        .api = "wire-b",
                        .key_required = false,
                        .generic = true,
                        .default_context = 32'768};
constexpr Spec kLocal{.id = "local",
                      .label = "Local",
                      .api = "wire-l",
                      .base_url = "http://127.0.0.1:1",
                      .key_required = false,
                      .local = true,
                      .default_context = 32'768,
                      .probe_at_start = true};
constexpr Spec kOffline{.id = "off",
                        .label = "Off",
                        .api = "off",
                        .key_required = false,
                        .offline = true,
                        .default_model = "docs"};
constexpr std::array<const Spec*, 5> kRows{&kAlpha, &kBeta, &kGeneric, &kLocal, &kOffline};

struct World {
  std::map<std::string, std::string, std::less<>> variables;
  std::vector<ProviderConfig> configured;
  Timeouts timeouts = {};
  Catalogue catalogue() const {
    return {kRows, configured,
            [variables = variables](std::string_view name) -> std::optional<std::string> {
              const auto found = variables.find(name);
              return found == variables.end() ? std::nullopt : std::optional(found->second);
            },
            timeouts};
  }
  Choice pick(std::string_view primary = "", const std::optional<Probe>& probe = {}) const {
    const auto choice = catalogue().pick_default(primary, probe);
    EXPECT_TRUE(choice);
    return choice ? *choice : Choice{};
  }
};

ProviderConfig configured(std::string id, std::string base = "", std::string key = "",
                          std::string api = "") {
  ProviderConfig config;
  config.id = std::move(id);
  config.base_url = std::move(base);
  config.api_key = std::move(key);
  config.api = std::move(api);
  return config;
}

ModelInfo model(std::string id, std::int64_t window = 0) {
  ModelInfo info;
  info.id = std::move(id);
  info.context_window = window;
  info.max_output = 0;
  return info;
}

TEST(Catalogue, PicksInOrder) {
  World world;
  EXPECT_EQ(world.pick().model.text(), "off/docs");
  EXPECT_TRUE(world.pick().offline);
  EXPECT_EQ(world.pick("", Probe{"local", {model("tiny")}}).model.text(), "local/tiny");
  EXPECT_TRUE(world.pick("", Probe{"local", {}}).offline);
  world.variables["BETA_KEY"] = "k";
  EXPECT_EQ(world.pick("", Probe{"local", {model("tiny")}}).model.text(), "beta/b-1");
  EXPECT_NE(world.pick().reason.find("BETA_KEY"), std::string::npos);
  world.variables["ALPHA_KEY"] = "k";
  EXPECT_EQ(world.pick().model.text(), "alpha/a-1");
  world.configured = {configured("mine", "https://mine.example", "key", "wire-b")};
  world.configured[0].models = {model("m-9")};
  EXPECT_EQ(world.pick().model.text(), "mine/m-9");
  EXPECT_EQ(world.pick("beta/other/name").model.text(), "beta/other/name");
  EXPECT_FALSE(world.pick("beta/x").offline);
  EXPECT_TRUE(world.pick("beta/x").callable);
  EXPECT_NE(World{}.pick("beta/x").reason.find("cannot be called"), std::string::npos);
  EXPECT_FALSE(World{}.pick("beta/x").callable);
  EXPECT_FALSE(World{}.catalogue().pick_default("nonsense", {}));
}

TEST(Catalogue, EmptyVariablesAreNoKeys) {
  World world;
  world.variables = {{"ALPHA_TOKEN", ""}, {"ALPHA_KEY", "  "}, {"BETA_KEY", ""}};
  EXPECT_TRUE(world.pick().offline);
}

TEST(Catalogue, AProviderThatOnlySaysWhereItIsSpeaksTheGenericWire) {
  World world;
  world.configured = {configured("mine", "https://mine.example/v1", "key", "")};
  const auto resolved = world.catalogue().resolve({"mine", "m-1"});
  ASSERT_TRUE(resolved) << resolved.error().detail;
  EXPECT_EQ(resolved->spec, &kGeneric);
  world.configured[0].api = "no-wire";
  const auto refused = world.catalogue().resolve({"mine", "m-1"});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().detail.find("'no-wire'"), std::string::npos);
}

TEST(Catalogue, KeysAndBases) {
  World world;
  auto resolved = world.catalogue().resolve({"alpha", "a-1"});
  ASSERT_FALSE(resolved);
  EXPECT_EQ(resolved.error().code, Errc::unauthorized);
  EXPECT_NE(resolved.error().detail.find("ALPHA_TOKEN or ALPHA_KEY"), std::string::npos);

  world.variables = {
      {"ALPHA_TOKEN", "token"}, {"ALPHA_KEY", "key"}, {"ALPHA_BASE", "http://127.0.0.1:9/x/"}};
  resolved = world.catalogue().resolve({"alpha", "a-1"});
  ASSERT_TRUE(resolved);
  EXPECT_EQ(resolved->settings.api_key, "token");
  EXPECT_EQ(resolved->settings.base_url, "http://127.0.0.1:9/x");
  EXPECT_EQ(resolved->model.context_window, 1'000'000);
  EXPECT_TRUE(resolved->model.reasoning);

  world.configured = {configured("Alpha", "https://proxy.example/", "own")};
  resolved = world.catalogue().resolve({"alpha", "a-1"});
  ASSERT_TRUE(resolved);
  EXPECT_EQ(resolved->settings.api_key, "own");
  EXPECT_EQ(resolved->settings.base_url, "https://proxy.example");
  world.configured[0].api_key = "ALPHA_KEY";
  EXPECT_EQ(world.catalogue().resolve({"alpha", "a-1"})->settings.api_key, "key");
}

TEST(Catalogue, UnknownModelsTakeDefaults) {
  World world;
  world.variables["BETA_KEY"] = "k";
  const auto resolved = world.catalogue().resolve({"beta", "b-7"});
  ASSERT_TRUE(resolved);
  EXPECT_EQ(resolved->model.context_window, 200'000);
  EXPECT_EQ(resolved->model.max_output, 8192);
  EXPECT_FALSE(resolved->model.price.known);
  EXPECT_EQ(resolved->settings.models.back().id, "b-7");
  EXPECT_EQ(world.catalogue().resolve({"nobody", "x"}).error().code, Errc::not_found);
}

TEST(Catalogue, CustomVendorsTakeTheGenericRowOfTheirWire) {
  World world;
  world.configured = {configured("mine", "http://10.0.0.7:8000/v1", "", "wire-b"),
                      configured("strange", "https://x.example", "", "wire-x"),
                      configured("bare", "", "", "wire-b")};
  world.configured[0].models = {model("m", 64'000)};
  world.configured[0].models[0].compat = {"max_completion_tokens", true, true};
  const auto catalogue = world.catalogue();
  const auto mine = catalogue.resolve({"mine", "m"});
  ASSERT_TRUE(mine);
  EXPECT_EQ(mine->spec, &kGeneric);
  EXPECT_EQ(mine->settings.id, "mine");
  EXPECT_EQ(mine->model.context_window, 64'000);
  EXPECT_EQ(mine->model.max_output, 8192);
  EXPECT_EQ(mine->settings.quirks.max_tokens_field, "max_completion_tokens");
  EXPECT_TRUE(mine->settings.quirks.developer_role);
  EXPECT_EQ(mine->settings.quirks.reasoning_field, "reasoning_effort");
  EXPECT_EQ(catalogue.resolve({"mine", "other"})->settings.quirks.max_tokens_field,
            Quirks{}.max_tokens_field)
      << "the other model keeps the row's spelling";
  EXPECT_EQ(catalogue.resolve({"mine", "other"})->model.context_window, 32'768);
  EXPECT_EQ(catalogue.resolve({"strange", "m"}).error().code, Errc::invalid_request);
  EXPECT_EQ(catalogue.resolve({"bare", "m"}).error().code, Errc::invalid_request);
}

TEST(Catalogue, ADatedNameIsTheModelOfTheRow) {
  World world;
  world.variables["ALPHA_KEY"] = "k";
  const auto dated = world.catalogue().resolve({"alpha", "a-1-20250929"});
  ASSERT_TRUE(dated);
  EXPECT_EQ(dated->model.id, "a-1-20250929");
  EXPECT_EQ(dated->model.context_window, 1'000'000);
  EXPECT_EQ(dated->model.price.input, 3);
  EXPECT_TRUE(dated->model.reasoning);
  EXPECT_EQ(world.catalogue().resolve({"alpha", "a-1-mini"})->model.context_window, 200'000)
      << "another name is another model";
}

TEST(Catalogue, OneselfBillsNobody) {
  World world;
  const auto price = [&world](std::string_view id) {
    return world.catalogue().resolve({std::string(id), "m"})->model.price;
  };
  EXPECT_TRUE(price("local").known);
  EXPECT_EQ(price("local").output, 0);
  EXPECT_TRUE(world.catalogue().resolve({"off", "docs"})->model.price.known);
  world.configured = {configured("local", "http://192.168.1.4:1"),
                      configured("box", "http://box.lan", "", "wire-l"),
                      configured("proxy", "http://127.0.0.1:4000", "", "wire-b")};
  EXPECT_TRUE(price("local").known);
  EXPECT_TRUE(price("box").known) << "the wire of local servers, in the private network";
  EXPECT_FALSE(price("proxy").known) << "what stands behind a proxy may well be paid";
  world.configured[0].base_url = "https://rented.example";
  EXPECT_FALSE(price("local").known) << "a rented server is not one's own";
  world.configured[0] = configured("local", "http://127.0.0.1:1");
  world.configured[0].models = {model("m")};
  world.configured[0].models[0].price = {.input = 7, .known = true};
  EXPECT_EQ(price("local").input, 7) << "what configuration says stays";
}

TEST(Catalogue, Deadlines) {
  World world;
  world.variables["ALPHA_KEY"] = "k";
  const auto plain = world.catalogue().resolve({"alpha", "a-1"})->settings;
  EXPECT_EQ(plain.deadlines.first_byte_ms, 60'000);
  EXPECT_EQ(plain.thinking_deadlines.first_byte_ms, 300'000);
  EXPECT_EQ(plain.thinking_deadlines.total_ms, 600'000);
  world.timeouts = {.connect_ms = 1'000, .idle_ms = 20'000, .total_ms = 100'000};
  world.configured = {configured("alpha")};
  world.configured[0].timeouts = {.idle_ms = 7'000};
  const auto set = world.catalogue().resolve({"alpha", "a-1"})->settings;
  EXPECT_EQ(set.deadlines.connect_ms, 1'000);
  EXPECT_EQ(set.deadlines.first_byte_ms, 60'000);
  EXPECT_EQ(set.deadlines.idle_ms, 7'000) << "one provider's before everybody's";
  EXPECT_EQ(set.deadlines.total_ms, 100'000);
  EXPECT_EQ(set.thinking_deadlines.first_byte_ms, 100'000) << "patience ends with the whole";
  EXPECT_EQ(set.thinking_deadlines.idle_ms, 7'000) << "what was set is meant";
}

TEST(Catalogue, AKnownProviderMaySpeakAnotherWire) {
  World world;
  world.configured = {configured("alpha", "https://proxy.example", "k", "wire-b")};
  const auto resolved = world.catalogue().resolve({"alpha", "a-1"});
  ASSERT_TRUE(resolved);
  EXPECT_EQ(resolved->spec, &kGeneric);
  EXPECT_EQ(resolved->model.context_window, 1'000'000);
}

TEST(Catalogue, ListsWhatCanBeCalled) {
  World world;
  const auto names = [](const Catalogue& catalogue) {
    std::vector<std::string> out;
    for (const auto& info : catalogue.models()) out.push_back(info.provider + "/" + info.id);
    return out;
  };
  EXPECT_TRUE(names(world.catalogue()).empty()) << "the offline row of this test has no models";
  world.variables["ALPHA_KEY"] = "k";
  auto catalogue = world.catalogue();
  catalogue.add_discovered("local", {model("tiny", 4096)});
  catalogue.add_discovered("local", {model("small")});
  EXPECT_EQ(names(catalogue), (std::vector<std::string>{"alpha/a-1", "alpha/a-2", "local/small"}));
  EXPECT_EQ(catalogue.resolve({"local", "small"})->model.context_window, 32'768);
  EXPECT_EQ(catalogue.probes().size(), 0U) << "a row without discover cannot be asked";
}

TEST(Catalogue, ReadsReferences) {
  World world;
  const auto catalogue = world.catalogue();
  EXPECT_EQ(catalogue.read_ref(" Alpha/a-1 ")->text(), "alpha/a-1");
  EXPECT_EQ(catalogue.read_ref("beta:x/y:z")->text(), "beta/x/y:z");
  EXPECT_EQ(catalogue.read_ref("local/tiny:7b")->text(), "local/tiny:7b");
  EXPECT_EQ(catalogue.read_ref("a-2")->text(), "alpha/a-2");
  for (const auto* bad : {"", "nothing", "/x", "alpha/", "nobody:x"})
    EXPECT_FALSE(catalogue.read_ref(bad)) << bad;
}

TEST(Catalogue, SafeBaseUrls) {
  for (const auto* good :
       {"https://api.example/v1", "http://127.0.0.1:1234", "http://localhost:8000/v1",
        "http://[::1]:80", "http://192.168.1.4", "http://box:1", "http://nas.local/v1"})
    EXPECT_TRUE(is_safe_base_url(good)) << good;
  for (const auto* bad :
       {"", "api.example", "http://api.example/v1", "http://8.8.8.8", "http://[2606:4700::1111]/",
        "ftp://127.0.0.1", "https://user@host", "http://", "file:///etc/passwd"})
    EXPECT_FALSE(is_safe_base_url(bad)) << bad;
}

}  // namespace
}  // namespace carapace::provider
